import { prometheusMetrics } from '@bmdb/core/prometheus'
import { openProgramDatabase, startProgramHealth, type ProgramContext } from '@bmdb/program'
import type { GcSettings } from './config.ts'
import { collectorMetrics } from './metrics.ts'
import { sweepPass } from './pass.ts'
import { Readiness } from './readiness.ts'
import { runLoop } from './run-loop.ts'
import { systemTime as time } from './time.ts'
import { Unanswered } from './unanswered.ts'

/** The collector: opens the database and sweeps it until it is asked to stop. */
export async function collect(context: ProgramContext<GcSettings>): Promise<void> {
  const { settings, log, signal } = context
  const { intervalSeconds } = settings
  const readiness = new Readiness(intervalSeconds, time)
  // Before the database: who asks for its health meanwhile gets an answer.
  await using health = await startProgramHealth(context, () => readiness.reasons())
  const { registry } = health
  const own = collectorMetrics(registry)

  const unanswered = new Unanswered()
  const metrics = unanswered.listeningTo(prometheusMetrics(registry))
  await using database = await openProgramDatabase(context, { metrics, poolSize: 2 })
  readiness.opened()
  own.opened(database.connection)
  log.info('sweeping expired sessions', { intervalSeconds })
  const pass = sweepPass(database.connection, settings, unanswered)
  await runLoop({ pass, intervalSeconds, log, time, observers: [readiness, own], signal })
}
