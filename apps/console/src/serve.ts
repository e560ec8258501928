import { once } from 'node:events'
import { join } from 'node:path'
import { platform } from 'node:process'
import { performance } from 'node:perf_hooks'
import { prometheusMetrics } from '@bmdb/core/prometheus'
import { openProgramDatabase, programRegistry, type ProgramContext } from '@bmdb/program'
import { accessOf } from './access/access-of.ts'
import { createApp } from './app.ts'
import { osUserName, type ConsoleSettings } from './config.ts'
import { openFrontDoor } from './front-door.ts'
import { consoleMetrics } from './metrics.ts'
import { Readiness } from './readiness.ts'

/** For how long answers that are under way may go on when it is to stop. */
const drainMs = 3_000

/** The console: serves pages and API until it is asked to stop. */
export async function serve(context: ProgramContext<ConsoleSettings>): Promise<void> {
  const { settings, log, signal } = context
  const access = accessOf(settings, {
    userName: osUserName(),
    fileModes: platform !== 'win32',
    nowMs: () => performance.now(),
  })
  const readiness = new Readiness()
  const notReady = () => (signal.aborted ? ['it was asked to stop'] : readiness.reasons())
  const registry = programRegistry(context.name, notReady)
  const metrics = consoleMetrics(registry)

  // Before the database: who asks for its health meanwhile gets an answer.
  await using door = await openFrontDoor(settings.listen, { registry, notReady })
  log.info('listening', { url: door.url })
  await using database = await openProgramDatabase(context, { metrics: prometheusMetrics(registry), poolSize: 10 })
  const { connection } = database
  const app = await createApp({
    connection,
    access,
    trustedProxies: settings.trustedProxies,
    metrics,
    log,
    webDirectory: join(import.meta.dirname, '../dist/web'),
  })
  door.open((request, response) => app.routing(request, response))
  readiness.opened(connection)
  log.info(`serving the console: ${access.description}`, { url: door.url })
  if (!signal.aborted) await once(signal, 'abort')
  // Both at once: closing the app ends its streams of events, which the door waits for.
  const within = door.close(drainMs)
  await Promise.all([within, Promise.race([app.close(), within])])
}
