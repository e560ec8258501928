import { prometheusMetrics } from '@bmdb/core/prometheus'
import { openProgramDatabase, runProgram, startHealthServer } from '@bmdb/program'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { environment, redfishPassword, usage } from './config.ts'
import { runWorker } from './worker.ts'

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
      const worker = runWorker({ connection: database.connection, settings, redfishPassword, log, signal })
      await using health =
        settings.listen === undefined
          ? undefined
          : await startHealthServer({ listen: settings.listen, registry, notReady: () => worker.notReady() })
      if (health !== undefined) log.info(`metrics and health at ${health.url}`)
      await worker.ended
    },
  }),
)
