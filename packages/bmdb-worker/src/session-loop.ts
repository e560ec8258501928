import { isBMDBError, type PrismaClientLike, type Session } from '@bmdb/core'
import { pause } from './clock.ts'
import { Troubles } from './log.ts'
import type { RunnerContext } from './runner-context.ts'

/** What sessions are kept with. */
export interface SessionLoopSetting<Client extends PrismaClientLike> {
  readonly context: RunnerContext<Client>
  readonly intervalSeconds: number
  readonly pollSeconds: number
  /** Ends it: no new session, and the one of now is closed once `drained` resolves. */
  readonly stopping: AbortSignal
  /** Works with a session until `over` aborts. */
  readonly work: (session: Session<Client>, over: AbortSignal) => Promise<void>
  /** Resolves when nothing is under way. */
  readonly settled: () => Promise<void>
  /** Resolves when nothing is under way, or when there is no more time for it. */
  readonly drained: () => Promise<void>
  /** Told of each session, and when there is none. */
  readonly onSession: (session: Session<Client> | undefined) => void
}

/**
 * Keeps a session until it is stopped:
 *
 *     none ──started──▶ held ──lost──▶ its runs settle ──▶ none
 *       ▲ └ cannot: tried again        └── stopping ──▶ draining ──▶ closed
 */
export async function keepSession<Client extends PrismaClientLike>(setting: SessionLoopSetting<Client>): Promise<void> {
  const { context, stopping, intervalSeconds, pollSeconds, onSession } = setting
  const { connection, logger, events } = context
  const troubles = new Troubles(logger)
  let lost = false
  while (!stopping.aborted) {
    let session: Session<Client>
    try {
      session = await start(connection, intervalSeconds, stopping)
    } catch (error) {
      if (stopping.aborted) return
      if (isBMDBError(error, 'ERR_CLOSED')) {
        logger.error('the connection was closed: the runner ends')
        return
      }
      troubles.tell('no session can be started, trying until one can', error)
      await pause(Math.min(pollSeconds, 5) * (500 + Math.random() * 1_000), stopping)
      continue
    }
    troubles.over()
    logger.info('started a session', { session: session.id })
    onSession(session)
    events.tell('sessionStarted', { sessionId: session.id })
    const over = either(session.signal, stopping)
    const onLost = (): void => {
      onSession(undefined)
      events.tell('sessionLost', { sessionId: session.id, error: session.signal.reason as Error })
    }
    session.signal.addEventListener('abort', onLost, { once: true })
    // What ends one program's session, such as an outage, mostly ends everybody's: not all ask for work at once then.
    if (lost) await pause(Math.random() * comebackMs(intervalSeconds), over)
    await setting.work(session, over)
    if (stopping.aborted) await setting.drained()
    else {
      await setting.settled()
      logger.warn('lost the session, starting a new one', { session: session.id })
      lost = true
    }
    session.signal.removeEventListener('abort', onLost)
    await session[Symbol.asyncDispose]()
    onSession(undefined)
  }
}

/** Within how long programs that lost their sessions together ask for work again: half the interval, 10 s at most. */
function comebackMs(intervalSeconds: number): number {
  return Math.min(10, intervalSeconds / 2) * 1_000
}

/** A stop ends the attempt to start a session, but not the session: what it holds is drained first. */
async function start<Client extends PrismaClientLike>(
  connection: RunnerContext<Client>['connection'],
  intervalSeconds: number,
  stopping: AbortSignal,
): Promise<Session<Client>> {
  const starting = new AbortController()
  const onStop = (): void => starting.abort(stopping.reason)
  stopping.addEventListener('abort', onStop, { once: true })
  try {
    return await connection.startSession({ intervalSeconds, signal: starting.signal })
  } finally {
    stopping.removeEventListener('abort', onStop)
  }
}

/** Aborts with the first of the two. */
function either(one: AbortSignal, other: AbortSignal): AbortSignal {
  return AbortSignal.any([one, other])
}
