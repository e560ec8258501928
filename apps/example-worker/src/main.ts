import { prometheusMetrics } from '@bmdb/core/prometheus'
import { openProgramDatabase, runProgram, startHealthServer } from '@bmdb/program'
import { startRunner } from '@bmdb/worker'
import { prometheusRunnerMetrics } from '@bmdb/worker/prometheus'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { bmcAccess } from './bmc-access.ts'
import { environment, redfishPassword, usage } from './config.ts'
import { hardwareInventory } from './inventory.ts'
import { powerCheck } from './power-check.ts'

process.exit(
  await runProgram({
    usage,
    argv: process.argv.slice(2),
    env: environment,
    system: process,
    main: async (context) => {
      const { settings, log, signal } = context
      const registry = new Registry()
      collectDefaultMetrics({ register: registry })
      await using database = await openProgramDatabase(context, {
        metrics: prometheusMetrics(registry),
        // A transaction for each machine, and some for looking.
        poolSize: settings.concurrency + 2,
      })
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
      const notReady = (): string[] => (runner.session?.expired === false ? [] : ['there is no session'])
      await using health =
        settings.listen === undefined
          ? undefined
          : await startHealthServer({ listen: settings.listen, registry, notReady })
      if (health !== undefined) log.info(`metrics and health at ${health.url}`)
      await runner.stopped
    },
  }),
)
