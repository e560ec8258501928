import { isBMDBError, type Logger, type PrismaClientLike, type TransactionFunction, type Work } from '@bmdb/core'
import { messageOf } from './log.ts'
import type { Process } from './process.ts'
import type { RunResult } from './results.ts'

/** How a piece of work is to end. */
export type Ending<Client extends PrismaClientLike> =
  | { readonly end: 'finish'; readonly fn?: TransactionFunction<Client, unknown> | undefined }
  | { readonly end: 'fail'; readonly error: unknown }
  | Exclude<RunResult, { end: 'cancel' }>
  | { readonly end: 'cancel'; readonly reason: unknown }

/** How it ended. */
export type Ended =
  | { readonly end: 'finished' }
  | { readonly end: 'failed'; readonly error: unknown }
  | { readonly end: 'snoozed'; readonly seconds: number }
  | { readonly end: 'parked'; readonly reason: unknown }
  | { readonly end: 'canceled'; readonly reason: unknown }
  | { readonly end: 'lost'; readonly error: unknown }
  | { readonly end: 'unknown'; readonly error: unknown }

/**
 * Ends the work, come what may:
 *
 *     finish · snooze · park ──done──▶ ended
 *        ├── lost ──▶ nothing more can be done
 *        ├── not known whether it was done ──▶ given back, if it is still there
 *        └── any other error: still held ──▶ fail ──done──▶ ended
 *                                             └── error ──▶ given back, now or by the session's beats
 */
export async function endWork<Client extends PrismaClientLike>(
  work: Work<Client>,
  process: Process<Client>,
  ending: Ending<Client>,
  log: Logger,
): Promise<Ended> {
  try {
    return await perform(work, process, ending)
  } catch (error) {
    if (isLoss(error)) return { end: 'lost', error }
    if (isBMDBError(error, 'ERR_COMMIT_OUTCOME_UNKNOWN')) {
      // Where it was committed there is nothing to give back, and the token keeps it from being somebody else's.
      await work[Symbol.asyncDispose]()
      return { end: 'unknown', error }
    }
    if (ending.end !== 'fail' && ending.end !== 'cancel') return endWork(work, process, { end: 'fail', error }, log)
    log.error('the work could not be ended and is given back', { end: ending.end, error: messageOf(error) })
    await work[Symbol.asyncDispose]()
    return { end: 'canceled', reason: error }
  }
}

async function perform<Client extends PrismaClientLike>(
  work: Work<Client>,
  process: Process<Client>,
  ending: Ending<Client>,
): Promise<Ended> {
  switch (ending.end) {
    case 'finish':
      await work.finish(ending.fn)
      return { end: 'finished' }
    case 'fail':
      await work.fail(ending.error, process.backoff, { maxAttempts: process.maxAttempts })
      return { end: 'failed', error: ending.error }
    case 'snooze':
      await work.snooze(ending.seconds)
      return { end: 'snoozed', seconds: ending.seconds }
    case 'park':
      await work.park(ending.reason)
      return { end: 'parked', reason: ending.reason }
    case 'cancel':
      await work.cancel()
      return { end: 'canceled', reason: ending.reason }
  }
}

function isLoss(error: unknown): boolean {
  return isBMDBError(error, 'ERR_WORK_LOST') || isBMDBError(error, 'ERR_SESSION_EXPIRED')
}
