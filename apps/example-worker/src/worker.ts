import { isBMDBError, type PrismaClient, type Session } from '@bmdb/core'
import { inventory } from './inventory.ts'
import { Troubles } from './troubles.ts'
import { sleepUnlessAborted } from './wait.ts'
import type { WorkerOptions } from './worker-options.ts'

/** A worker under way. */
export interface Worker {
  /** Resolves when it has stopped, with nothing held. */
  readonly ended: Promise<void>
  /** Why it is not ready; nothing when it has a session. */
  notReady(): string[]
}

/** Takes inventory until it is stopped: a session, as many slots as are asked for, and a new session when one is lost. */
export function runWorker(options: WorkerOptions): Worker {
  const { connection, settings, log, signal } = options
  let session: Session<PrismaClient> | undefined
  const troubles = new Troubles(log)
  const drained = new AbortController()
  signal.addEventListener('abort', () => {
    log.info('stopping: nothing new is begun', { drainSeconds: settings.drainSeconds })
    setTimeout(() => drained.abort(signal.reason), settings.drainSeconds * 1000).unref()
  })

  const run = async (): Promise<void> => {
    let lost = false
    while (!signal.aborted) {
      try {
        session = await startSession(connection, settings.intervalSeconds, signal)
      } catch (error) {
        if (signal.aborted) return
        troubles.tell('no session can be started, trying until one can', error)
        await sleepUnlessAborted(settings.pollSeconds * (500 + Math.random() * 1000), signal)
        continue
      }
      await using current = session
      troubles.over()
      log.info('started a session', { session: current.id })
      // What ends one program's session, such as an outage, mostly ends everybody's: not all ask for work at once then.
      if (lost) await sleepUnlessAborted(Math.random() * comebackMs(settings.intervalSeconds), signal)
      await Promise.all(
        Array.from({ length: settings.concurrency }, () => slot(current, options, drained.signal, troubles)),
      )
      lost = !signal.aborted
      if (lost) log.warn('lost the session, starting a new one', { session: current.id })
    }
  }
  return {
    ended: run(),
    notReady: () => (session === undefined || session.expired ? ['there is no session'] : []),
  }
}

/** Within how long workers that lost their sessions together ask for work again: half the interval, 10 s at most. */
function comebackMs(intervalSeconds: number): number {
  return Math.min(10, intervalSeconds / 2) * 1000
}

/** A stop ends the attempt to start a session, but not the session: what it holds is drained first. */
async function startSession(
  connection: WorkerOptions['connection'],
  intervalSeconds: number,
  stop: AbortSignal,
): Promise<Session<PrismaClient>> {
  const starting = new AbortController()
  const onStop = (): void => starting.abort(stop.reason)
  stop.addEventListener('abort', onStop, { once: true })
  try {
    return await connection.startSession({ intervalSeconds, signal: starting.signal })
  } finally {
    stop.removeEventListener('abort', onStop)
  }
}

/** One machine after the other, until the session or the program is over. */
async function slot(
  session: Session<PrismaClient>,
  options: WorkerOptions,
  drained: AbortSignal,
  troubles: Troubles,
): Promise<void> {
  const { settings, signal } = options
  const over = AbortSignal.any([signal, session.signal])
  while (!over.aborted) {
    try {
      const found = await inventory(session, options, drained)
      troubles.over()
      if (found) continue
    } catch (error) {
      if (over.aborted && !isBMDBError(error, 'ERR_COMMIT_OUTCOME_UNKNOWN')) return
      troubles.tell('something went wrong, trying until it works', error)
    }
    // Nothing to do: a different pause in every slot, so that they do not all ask at once.
    await sleepUnlessAborted(settings.pollSeconds * (500 + Math.random() * 1000), over)
  }
}
