import { monotonicMs, orAbort, sleep } from '../clock.ts'
import { asUnavailable, isWorthRepeating, judge, retryReason } from '../database/database-error.ts'
import { runOwn } from '../database/own-statements.ts'
import {
  BMDBError,
  CommitOutcomeUnknownError,
  RetriesExhaustedError,
  SessionExpiredError,
  TransactionTimeoutError,
  WorkLostError,
  messageOf,
} from '../errors.ts'
import { Limit, longestTimeoutMs, type WaitOptions } from '../limit.ts'
import { invalid, wholeNumber } from '../arguments.ts'
import { retryDelayMs } from '../retry-delay.ts'
import { Attempt, type AttemptSetting } from './attempt.ts'
import { AlreadyCommittedError } from './guard.ts'
import { askOutcome } from './outcome.ts'
import { withAttempt, type PrismaClientLike, type TransactionClient } from './prisma-seam.ts'

/** How long the caller's `verify` may take, waiting for the transaction in question included. */
const verifyMs = 10_000

/** Options of `transact`. */
export interface TransactOptions<Client> extends WaitOptions {
  /** Milliseconds for the whole call, waiting for a connection and all attempts included. Default 30 000. */
  readonly timeoutMs?: number | undefined
  /** Attempts at most, from 1. Default: as many as the time allows. */
  readonly maxAttempts?: number | undefined
  /**
   * Decides whether an earlier attempt took effect when COMMIT's answer was lost and the database cannot tell: reads, in
   * a new transaction, what the function would have written. It runs once nothing of that attempt is under way any more,
   * has 10 s with that wait, and can only read. Default: `CommitOutcomeUnknownError` is thrown.
   */
  readonly verify?: ((tx: TransactionClient<Client>) => Promise<boolean>) | undefined
}

/** What the function is told of the attempt that it runs in. */
export interface AttemptContext {
  /** 1 for the first attempt. */
  readonly attempt: number
  /** Aborts when the call is over before the function: by its limit, its signal, or the loss of the session. */
  readonly signal: AbortSignal
}

/** The caller's function: runs once per attempt, so it must have no effects outside the transaction. */
export type TransactionFunction<Client, Result> = (
  tx: TransactionClient<Client>,
  context: AttemptContext,
) => Promise<Result>

/** What a transaction runs with. */
export interface TransactionSetting<Client> extends AttemptSetting {
  readonly client: Client
  /**
   * The guard's statement waits for, and then shows, what became of an earlier attempt whose answer was lost: it throws
   * AlreadyCommittedError if that one was committed. So such an attempt is simply repeated.
   */
  readonly guardSettles?: boolean | undefined
  /** Signals that end the call besides the caller's own, such as the session's. */
  readonly signals: readonly AbortSignal[]
  /** Named in messages. */
  readonly what: string
}

/**
 * Runs `fn` in a SERIALIZABLE transaction that commits only if the guard holds; again after conflicts, and after faults
 * before COMMIT was sent. Knows nothing of sessions: the guard does.
 *
 * At the limit it rejects without waiting for `fn`, whose `tx` is dead from then on.
 */
export async function runTransaction<Client extends PrismaClientLike, Result>(
  setting: TransactionSetting<Client>,
  fn: TransactionFunction<Client, Result>,
  options: TransactOptions<Client> = {},
): Promise<Result> {
  if (typeof fn !== 'function') invalid('the first argument', fn, 'a function')
  const { database, what } = setting
  const maxAttempts =
    options.maxAttempts === undefined ? Infinity : wholeNumber('maxAttempts', options.maxAttempts, 1, 1_000_000)
  if (options.verify !== undefined && typeof options.verify !== 'function')
    invalid('verify', options.verify, 'a function')
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError(what, ms), setting.signals)
  const startedMs = monotonicMs()
  const done = (result: 'committed' | 'failed' | 'unknown'): void => {
    database.metrics.count('bmdb_transactions_total', { result })
    database.metrics.observe('bmdb_transaction_duration_seconds', {}, (monotonicMs() - startedMs) / 1000)
  }
  try {
    let last: unknown
    // What the function returned in an attempt that may have been committed.
    let maybe: { readonly value: Result } | undefined
    for (let attempt = 1; ; attempt++) {
      if (limit.signal.aborted) throw maybe ? new CommitOutcomeUnknownError(what, last) : withCause(limit, what, last)
      const end = await runAttempt(setting, fn, attempt, limit, options)
      if ('value' in end) {
        done('committed')
        return end.value
      }
      if (end.failure instanceof AlreadyCommittedError && maybe !== undefined) {
        done('committed')
        return maybe.value
      }
      // An attempt that got past its guard shows that the earlier one was not committed.
      maybe = end.maybe ?? (end.began ? undefined : maybe)
      const unresolved = end.retry ? attempt >= maxAttempts : end.guardRefused !== true
      if (maybe !== undefined && unresolved) throw new CommitOutcomeUnknownError(what, end.failure)
      const previous = last
      last = end.failure
      if (!end.retry) throw limit.signal.aborted && end.gaveUp ? withCause(limit, what, previous) : last
      if (attempt >= maxAttempts) throw new RetriesExhaustedError(attempt, last)
      database.metrics.count('bmdb_transaction_retries_total', { reason: retryReason(end.raw) })
      await sleep(retryDelayMs(attempt), limit.signal).catch(() => {})
    }
  } catch (error) {
    done(error instanceof CommitOutcomeUnknownError ? 'unknown' : 'failed')
    throw error
  }
}

type AttemptEnd<Result> =
  | { readonly value: Result }
  | {
      readonly retry: boolean
      readonly failure: unknown
      readonly raw?: unknown
      readonly gaveUp?: boolean
      /** BEGIN and the guard succeeded. */
      readonly began?: boolean
      /** The guard found the session or the work gone. It waited for earlier attempts: none of them was committed. */
      readonly guardRefused?: boolean
      /** It may have been committed, and the next attempt's guard will tell. */
      readonly maybe?: { readonly value: Result }
    }

async function runAttempt<Client extends PrismaClientLike, Result>(
  setting: TransactionSetting<Client>,
  fn: TransactionFunction<Client, Result>,
  number: number,
  limit: Limit,
  options: TransactOptions<Client>,
): Promise<AttemptEnd<Result>> {
  const attempt = new Attempt(setting, () => limit.remainingMs())
  let returned: { value: Result } | undefined
  let thrown: { error: unknown } | undefined
  const over = new AbortController()
  const onAbort = (): void => {
    if (attempt.giveUp(limit.signal.reason)) over.abort(limit.signal.reason)
  }
  limit.signal.addEventListener('abort', onAbort, { once: true })
  const run = withAttempt(attempt, () =>
    setting.client.$transaction(
      async (tx: TransactionClient<Client>) => {
        try {
          returned = { value: await fn(tx, { attempt: number, signal: limit.signal }) }
        } catch (error) {
          thrown = { error }
          throw error
        } finally {
          attempt.functionEnded()
        }
      },
      // The limit is kept outside; Prisma's own timers must never be the ones that end it.
      { maxWait: longestTimeoutMs, timeout: longestTimeoutMs },
    ),
  )
  run.catch(() => {})
  let settled: { error?: unknown } = {}
  try {
    await orAbort(run as Promise<unknown>, over.signal)
  } catch (error) {
    settled = { error }
  } finally {
    limit.signal.removeEventListener('abort', onAbort)
  }

  if (attempt.state === 'committed') return returned!
  if (attempt.state === 'unknown') return settleUnknown(setting, attempt, returned!, options)
  const { began } = attempt
  if (limit.signal.aborted && over.signal.aborted)
    return { retry: false, failure: limit.signal.reason, gaveUp: true, began }
  const failure = attempt.failure
  if (failure === undefined)
    return { retry: false, failure: thrown === undefined ? settled.error : thrown.error, began }
  if (failure.error instanceof BMDBError || failure.error instanceof AlreadyCommittedError)
    return { retry: false, failure: failure.error, began, guardRefused: isLoss(failure.error) }
  const phase = began ? 'running' : 'starting'
  const shown =
    asUnavailable(failure.error, setting.database.address.shown, failure.broken) ?? thrown?.error ?? attempt.failureSeen
  if (judge(failure.error, phase, failure.broken) === 'retry')
    return { retry: true, failure: shown, raw: failure.error, began }
  return { retry: false, failure: phase === 'starting' ? shown : (thrown?.error ?? attempt.failureSeen), began }
}

function isLoss(error: unknown): boolean {
  return error instanceof SessionExpiredError || error instanceof WorkLostError
}

/** COMMIT failed or its answer was lost: what became of it? */
async function settleUnknown<Client extends PrismaClientLike, Result>(
  setting: TransactionSetting<Client>,
  attempt: Attempt,
  returned: { value: Result },
  options: TransactOptions<Client>,
): Promise<AttemptEnd<Result>> {
  const { error, broken } = attempt.failure!
  const verdict = judge(error, 'committing', broken)
  if (verdict === 'retry') return { retry: true, failure: error, raw: error, began: true }
  if (verdict === 'final') return { retry: false, failure: attempt.failureSeen, began: true }
  if (verdict === 'committed') {
    setting.database.logger.warn(`${setting.what} was committed, but the database complains`, {
      error: messageOf(error),
    })
    return returned
  }
  const outcome = setting.readOnly === true ? 'aborted' : await askOutcome(setting.database, attempt.transaction)
  if (outcome === 'committed') return returned
  if (outcome === 'aborted')
    return { retry: isWorthRepeating(error), failure: attempt.failureSeen, raw: error, began: true }
  if (setting.guardSettles === true) return { retry: true, failure: error, raw: error, maybe: returned }
  if (options.verify !== undefined) {
    const took = await verified(setting, options.verify).catch((cause: unknown) => {
      throw new CommitOutcomeUnknownError(setting.what, cause)
    })
    if (took) return returned
    return { retry: isWorthRepeating(error), failure: attempt.failureSeen, raw: error, began: true }
  }
  return { retry: false, began: true, failure: new CommitOutcomeUnknownError(setting.what, error) }
}

/** Asks the caller, once nothing is under way any more: until then reading for what was written would prove nothing. */
async function verified<Client extends PrismaClientLike>(
  setting: TransactionSetting<Client>,
  verify: (tx: TransactionClient<Client>) => Promise<boolean>,
): Promise<boolean> {
  const { database, guard, what } = setting
  using limit = new Limit(undefined, verifyMs, (ms) => new TransactionTimeoutError(`verify of ${what}`, ms))
  const settling = guard?.settling
  if (settling !== undefined)
    await runOwn(database, limit, `waiting for ${what}`, (connection) => connection.query(settling))
  return await runTransaction({ ...setting, guard: undefined, readOnly: true, signals: [] }, (tx) => verify(tx), {
    timeoutMs: Math.max(1, limit.remainingMs()),
  })
}

/** The reason why the call is over; a time limit with the conflict or fault before it. */
function withCause(limit: Limit, what: string, last: unknown): unknown {
  const reason: unknown = limit.signal.reason
  if (reason instanceof TransactionTimeoutError && last !== undefined)
    return new TransactionTimeoutError(what, limit.timeoutMs, last)
  return reason
}
