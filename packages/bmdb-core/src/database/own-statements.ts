import { after, orAbort, sleep } from '../clock.ts'
import { BMDBError, CommitOutcomeUnknownError, TransactionTimeoutError } from '../errors.ts'
import type { Limit } from '../limit.ts'
import { retryDelayMs } from '../retry-delay.ts'
import { asUnavailable, judge, retryReason, sqlState, type Phase } from './database-error.ts'
import type { Database } from './database.ts'
import type { Dialect } from './server.ts'
import type { QueryResult } from 'pg'
import type { ServerConnection, Statement } from './server-connection.ts'

/** How long an answer is awaited once the caller has gone: what was sent may be committed. */
export const answerGraceMs = 1_000

/** What one try of BMDB's own statements is told. */
export interface Try {
  /** An earlier try was sent and its answer lost: what this one finds may be that one's work. */
  readonly mayHaveRun: boolean
}

/**
 * Runs BMDB's own statements on one connection, again where that is safe.
 *
 * They commit by themselves, so every failure is judged as at COMMIT. Each carries a mark (an id that the client chose),
 * and doing it again under the same mark either does it or runs into the mark; reading for the mark alone would prove
 * nothing while the first try may still be under way. So a lost answer is simply tried again, until the limit.
 *
 * @param what - the operation, for messages, such as `claim of HardwareInventory`
 * @param send - sends the statements and reads their answers; errors that it throws as BMDBError come out as they are
 * @param mayHaveRun - the same was already tried elsewhere, under the same mark, and its outcome is not known
 * @throws TransactionTimeoutError, DatabaseUnavailableError, CommitOutcomeUnknownError, the limit's reason, or the
 *   database's own error where it is none of these
 */
export async function runOwn<T>(
  database: Database,
  limit: Limit,
  what: string,
  send: (connection: ServerConnection, attempt: Try) => Promise<T>,
  mayHaveRun = false,
): Promise<T> {
  let last: unknown
  for (let attempt = 1; ; attempt++) {
    let connection: ServerConnection
    try {
      connection = await database.acquire(limit)
    } catch (error) {
      if (error instanceof BMDBError || limit.signal.aborted) throw ended(error, what, mayHaveRun, limit, last)
      last = await pauseOrThrow(database, limit, what, attempt, error, 'starting', true, mayHaveRun)
      continue
    }
    try {
      const answer = await awaitAnswer(send(connection, { mayHaveRun }), limit, connection)
      connection.release()
      return answer
    } catch (error) {
      const broken = connection.broken
      connection.release()
      if (error instanceof BMDBError) throw error
      const phase = error instanceof NotCommittedError ? 'running' : 'committing'
      const raw = refusalOf(error)
      const verdict = judge(raw, phase, broken)
      if (verdict === 'unknown' || verdict === 'committed') mayHaveRun = true
      if (limit.signal.aborted) throw ended(limit.signal.reason, what, mayHaveRun, limit, raw)
      last = await pauseOrThrow(database, limit, what, attempt, raw, phase, broken, mayHaveRun)
    }
  }
}

/**
 * The same for statements that only read: one whose answer is lost wrote nothing, so what is reported is why it ended.
 * @throws TransactionTimeoutError, DatabaseUnavailableError, the limit's reason, or the database's own error
 */
export async function readOwn<T>(
  database: Database,
  limit: Limit,
  what: string,
  send: (connection: ServerConnection) => Promise<T>,
): Promise<T> {
  try {
    return await runOwn(database, limit, what, send)
  } catch (error) {
    if (!(error instanceof CommitOutcomeUnknownError)) throw error
    throw limit.signal.aborted ? limit.signal.reason : error.cause
  }
}

/** The network may go when half of a transaction has arrived: the server ends it after this, and with it its locks. */
const idleInTransactionMs = 500

/** One of several statements was refused, and with it the transaction that they were in. */
class NotCommittedError extends Error {}

/** The database's own error, of one statement that was sent by itself or of one among several. */
export function refusalOf(error: unknown): unknown {
  return error instanceof NotCommittedError ? error.cause : error
}

/**
 * Sends BEGIN, the statements and COMMIT in one round trip.
 * @returns the statements' results, in order; where one failed, nothing was committed, and its error is thrown
 */
export async function inOneTransaction(
  connection: ServerConnection,
  dialect: Dialect,
  statements: readonly Statement[],
): Promise<readonly QueryResult[]> {
  const begin = dialect === 'postgresql' ? 'BEGIN ISOLATION LEVEL READ COMMITTED' : 'BEGIN ISOLATION LEVEL SERIALIZABLE'
  const limited = { text: `SET LOCAL idle_in_transaction_session_timeout = ${idleInTransactionMs}` }
  const all = [{ text: begin }, limited, ...statements, { text: 'COMMIT' }]
  const sent = all.map((statement) => connection.query(statement))
  const settled = await Promise.allSettled(sent)
  const failed = settled.find((one) => one.status === 'rejected')
  const commit = settled.at(-1)
  if (failed !== undefined) {
    // Without BEGIN the rest ran each by itself.
    const begun = settled[0]?.status === 'fulfilled'
    if (begun && commit?.status === 'fulfilled' && sqlState(failed.reason) !== undefined)
      throw new NotCommittedError('a statement was refused', { cause: failed.reason })
    throw failed.reason
  }
  return settled.slice(2, -1).map((one) => (one as PromiseFulfilledResult<QueryResult>).value)
}

/** A try that was given up with its answer outstanding. */
class AnswerLost extends Error {}

async function awaitAnswer<T>(answer: Promise<T>, limit: Limit, connection: ServerConnection): Promise<T> {
  const grace = new AbortController()
  let timer: ReturnType<typeof after> | undefined
  const onAbort = (): void => {
    timer = after(answerGraceMs, () => grace.abort(new AnswerLost('no answer', { cause: limit.signal.reason })))
  }
  if (limit.signal.aborted) onAbort()
  else limit.signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await orAbort(answer, grace.signal)
  } catch (error) {
    if (error instanceof AnswerLost) connection.destroy()
    throw error
  } finally {
    limit.signal.removeEventListener('abort', onAbort)
    timer?.cancel()
  }
}

/** Waits before the next try, or throws what there is to say when there is none. Returns the failure. */
async function pauseOrThrow(
  database: Database,
  limit: Limit,
  what: string,
  attempt: number,
  error: unknown,
  phase: Phase,
  broken: boolean,
  mayHaveRun: boolean,
): Promise<unknown> {
  // A wait for a lock that BMDB itself cut short, in order to end whoever holds it and to try again.
  const verdict = sqlState(error) === '55P03' ? 'retry' : judge(error, phase, broken)
  const failure = asUnavailable(error, database.address.shown, broken) ?? error
  if (verdict === 'final') throw mayHaveRun ? new CommitOutcomeUnknownError(what, failure) : failure
  database.metrics.count('bmdb_transaction_retries_total', { reason: retryReason(error) })
  database.logger.debug(`${what} is tried again`, { attempt, reason: retryReason(error) })
  try {
    await sleep(retryDelayMs(attempt), limit.signal)
  } catch (reason) {
    throw ended(reason, what, mayHaveRun, limit, failure)
  }
  return failure
}

/** What a call that ran out of time, or was aborted, reports. */
function ended(reason: unknown, what: string, mayHaveRun: boolean, limit: Limit, last: unknown): unknown {
  if (mayHaveRun) return new CommitOutcomeUnknownError(what, last ?? reason)
  if (reason instanceof TransactionTimeoutError && last !== undefined)
    return new TransactionTimeoutError(what, limit.timeoutMs, last)
  return reason
}
