import type { QueryResultRow } from 'pg'
import type { ServerConnection, Statement } from '../database/server-connection.ts'

/**
 * The first statement of a guarded transaction: it locks or writes a row that whoever ends the session must delete, so
 * that from then on the two cannot both commit. It is sent together with BEGIN.
 */
export interface Guard {
  readonly statement: Statement
  /**
   * Locks the guarded row so that it waits for every transaction that got past this guard: when it returns, each has
   * been committed or rolled back. (On a row that is gone it need not wait: whoever deleted it did.)
   */
  readonly settling?: Statement | undefined
  /**
   * Looks at what the statement returned, and further on the same connection: the transaction sees the database as the
   * statement did.
   * @throws SessionExpiredError or WorkLostError when the session or the work is gone; the transaction ends there
   */
  check(rows: readonly QueryResultRow[], connection: ServerConnection): void | Promise<void>
}

/** A guard found that an earlier attempt, whose answer was lost, had committed: there is nothing left to do. */
export class AlreadyCommittedError extends Error {}

/** Columns in which a guard may return who the transaction is, for asking PostgreSQL afterwards how it ended. */
export const transactionIdColumn = 'transaction_id'
export const serverRunColumn = 'server_run'

/**
 * One run of the server, from a start or a crash to the next one, as PostgreSQL tells it. Only within a run does an id
 * name one transaction: a crash forgets the ids of those that had written nothing durable, and gives them out again. (A
 * crash of one backend restarts the others without the postmaster; it resets the statistics.)
 */
export const serverRun = `pg_postmaster_start_time()::text || ' ' || coalesce(pg_stat_get_bgwriter_stat_reset_time()::text, '')`
