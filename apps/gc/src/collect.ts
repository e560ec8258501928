import { prometheusMetrics } from '@bmdb/core/prometheus'
import { openProgramDatabase, startHealthServer, type ProgramContext } from '@bmdb/program'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { GcSettings } from './config.ts'
import { sweepMetrics } from './metrics.ts'
import { sweepPass } from './pass.ts'
import { Readiness } from './readiness.ts'
import { runLoop } from './run-loop.ts'
import { systemTime as time } from './time.ts'
import { Unanswered } from './unanswered.ts'

/** The collector: opens the database and sweeps it until it is asked to stop. */
export async function collect(context: ProgramContext<GcSettings>): Promise<void> {
  const { settings, log, signal } = context
  const { intervalSeconds, listen } = settings
  const registry = new Registry()
  const readiness = new Readiness(intervalSeconds, time)
  const observers = [readiness, sweepMetrics(registry)]
  if (listen !== undefined) collectDefaultMetrics({ register: registry })

  // Before the database: who asks for its health meanwhile gets an answer.
  await using health =
    listen === undefined
      ? undefined
      : await startHealthServer({ listen, registry, notReady: () => readiness.reasons() })
  if (health !== undefined) log.info('telling metrics and health', { url: health.url })

  const unanswered = new Unanswered()
  const metrics = unanswered.listeningTo(prometheusMetrics(registry))
  await using database = await openProgramDatabase(context, { metrics, poolSize: 2 })
  readiness.opened()
  log.info('sweeping expired sessions', { intervalSeconds })
  const pass = sweepPass(database.connection, settings, unanswered)
  await runLoop({ pass, intervalSeconds, log, time, observers, signal })
}
