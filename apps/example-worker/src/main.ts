import { prometheusMetrics } from '@bmdb/core/prometheus'
import { openProgramDatabase, runProgram, startProgramHealth } from '@bmdb/program'
import { startRunner } from '@bmdb/worker'
import { prometheusRunnerMetrics } from '@bmdb/worker/prometheus'
import { bmcAccess } from './bmc-access.ts'
import { environment, redfishPassword, usage } from './config.ts'
import { hardwareInventory } from './inventory.ts'
import { powerCheck } from './power-check.ts'
import { Readiness } from './readiness.ts'

process.exit(
  await runProgram({
    usage,
    argv: process.argv.slice(2),
    env: environment,
    system: process,
    main: async (context) => {
      const { settings, log, signal } = context
      const readiness = new Readiness()
      // Before the database: who asks for its health meanwhile gets an answer.
      await using health = await startProgramHealth(context, () => readiness.reasons())
      const { registry } = health
      await using database = await openProgramDatabase(context, {
        metrics: prometheusMetrics(registry),
        // A transaction for each machine, and some for looking.
        poolSize: settings.concurrency + 2,
      })
      readiness.opened()
      const access = bmcAccess(settings, redfishPassword)
      const all = {
        HardwareInventory: hardwareInventory(access, settings.maxAgeSeconds),
        PowerCheck: powerCheck(access),
      }
      await using runner = await startRunner(database.connection, {
        processes: settings.processes.map((name) => all[name]),
        concurrency: settings.concurrency,
        intervalSeconds: settings.intervalSeconds,
        pollSeconds: settings.pollSeconds,
        drainSeconds: settings.drainSeconds,
        signal,
        logger: log,
        metrics: prometheusRunnerMetrics(registry),
      })
      readiness.started(runner)
      await runner.stopped
    },
  }),
)
