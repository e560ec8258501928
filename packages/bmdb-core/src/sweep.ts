import { wholeNumber, invalid } from './arguments.ts'
import { sqlState } from './database/database-error.ts'
import type { Database } from './database/database.ts'
import { runOwn } from './database/own-statements.ts'
import { TransactionTimeoutError } from './errors.ts'
import { Limit, type WaitOptions } from './limit.ts'
import { endSessions } from './session/end-sessions.ts'
import {
  byIndexes,
  deleteOldReleases,
  deleteSessions,
  endWorkOfSessions,
  findExpired,
  lockExpiredBatch,
} from './sql/end-sessions.ts'

/** Sessions that are ended in one transaction: few, so that nobody waits long for it. */
const batchSize = 50
/** Sessions that somebody's locks still kept from being ended this long after their deadline are taken by force. */
const patienceSeconds = 1
/** How long each of those may take: one that nobody can end must not keep the sweep from the others. */
const stuckMs = 2_000
/** How long a batch waits for the lock of a piece of work. */
const lockWaitMs = 300
/** A sweep that was frozen between its two round trips holds locks that takeovers need: the server ends it after this. */
const idleMs = 500

/** Options of `connection.sweep`. */
export interface SweepOptions extends WaitOptions {
  /** How many sessions at most, 1 to 100 000. Default 1000. */
  readonly limit?: number | undefined
  /** Only sessions whose deadline passed at least this long ago, 0 to 86 400. Default 0. */
  readonly graceSeconds?: number | undefined
}

/** What a sweep removed. */
export interface SweepResult {
  readonly sessions: number
  readonly work: number
}

/**
 * Removes expired sessions and their work, in small batches. Any number of sweeps may run at once: each takes what the
 * others have not locked.
 */
export async function sweepExpired(database: Database, options: SweepOptions = {}): Promise<SweepResult> {
  const most = wholeNumber('limit', options.limit ?? 1_000, 1, 100_000)
  const grace = options.graceSeconds ?? 0
  if (typeof grace !== 'number' || !(grace >= 0 && grace <= 86_400)) invalid('graceSeconds', grace, 'from 0 to 86400')
  using limit = new Limit(options, 60_000, (ms) => new TransactionTimeoutError('the sweep', ms))
  let sessions = 0
  let work = 0
  const count = (ended: SweepResult): void => {
    sessions += ended.sessions
    work += ended.work
    if (ended.sessions > 0) database.metrics.count('bmdb_swept_total', { what: 'sessions' }, ended.sessions)
    if (ended.work > 0) database.metrics.count('bmdb_swept_total', { what: 'work' }, ended.work)
  }
  while (sessions < most) {
    const size = Math.min(batchSize, most - sessions)
    const batch = await sweepBatch(database, limit, grace, size)
    count(batch)
    if (batch.sessions < size) break
  }
  if (sessions < most)
    for (const id of await findStuck(database, limit, grace, most - sessions))
      count(await endStuck(database, limit, id))
  await runOwn(database, limit, 'the sweep', (connection) => connection.query(deleteOldReleases))
  return { sessions, work }
}

const reason = 'its session expired; swept'

async function sweepBatch(database: Database, limit: Limit, grace: number, size: number): Promise<SweepResult> {
  return runOwn(database, limit, 'the sweep', async (connection) => {
    const begin = database.dialect === 'postgresql' ? 'READ COMMITTED' : 'SERIALIZABLE'
    const [, , , locked] = await Promise.all([
      connection.query({ text: `BEGIN ISOLATION LEVEL ${begin}` }),
      connection.query({ text: `SET LOCAL lock_timeout = ${lockWaitMs}` }),
      connection.query({ text: `SET LOCAL idle_in_transaction_session_timeout = ${idleMs}` }),
      connection.query<{ session_id: string }>(lockExpiredBatch(grace, size)),
    ])
    const ids = locked.rows.map((row) => row.session_id)
    if (ids.length === 0) {
      await connection.query({ text: 'COMMIT' })
      return { sessions: 0, work: 0 }
    }
    const [, work, sessions, commit] = await Promise.allSettled([
      Promise.all(byIndexes(database.dialect).map((statement) => connection.query(statement))),
      connection.query(endWorkOfSessions('expired', ids, 'Expired', reason)),
      connection.query(deleteSessions('expired', ids, 'Expired', reason)),
      connection.query({ text: 'COMMIT' }),
    ])
    // Somebody's transaction holds work of one of them: it is found again as stuck, alone.
    if (work.status === 'rejected' && sqlState(work.reason) === '55P03') return { sessions: 0, work: 0 }
    for (const one of [work, sessions, commit]) if (one.status === 'rejected') throw one.reason
    return { sessions: countOf(sessions), work: countOf(work) }
  })
}

function countOf(result: PromiseSettledResult<{ rowCount: number | null }>): number {
  return result.status === 'fulfilled' ? (result.value.rowCount ?? 0) : 0
}

/** Expired sessions that are still there: locked by somebody who is slow, or frozen inside a transaction. */
async function findStuck(database: Database, limit: Limit, grace: number, most: number): Promise<readonly string[]> {
  return runOwn(database, limit, 'the sweep', async (connection) => {
    const found = await connection.query<{ session_id: string }>(findExpired(grace + patienceSeconds, most))
    return found.rows.map((row) => row.session_id)
  })
}

async function endStuck(database: Database, limit: Limit, id: string): Promise<SweepResult> {
  const timeoutMs = Math.max(1, Math.min(stuckMs, limit.remainingMs()))
  using own = new Limit({ timeoutMs }, stuckMs, (ms) => new TransactionTimeoutError('the sweep', ms), [limit.signal])
  try {
    return await runOwn(database, own, 'the sweep', (connection) =>
      endSessions(database, connection, 'expired', [id], reason),
    )
  } catch (error) {
    if (limit.signal.aborted || !(error instanceof TransactionTimeoutError)) throw error
    database.logger.warn('an expired session cannot be ended: somebody outside BMDB holds its locks', { session: id })
    return { sessions: 0, work: 0 }
  }
}
