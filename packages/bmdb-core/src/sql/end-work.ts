import type { BackoffParameters } from '../backoff.ts'
import type { Statement } from '../database/server-connection.ts'
import type { Dialect } from '../database/server.ts'
import { guardColumns } from './sessions.ts'

/** One held piece of work. */
export interface WorkKey {
  readonly machineId: string
  readonly process: string
  readonly sessionId: string
  readonly token: bigint
}

/** What an end returns: one row, which says whether the work was there. */
export interface EndRow {
  readonly ended: boolean
}

const history = `
  (work_history_id, machine_id, process, event, "timestamp", session_id, component_name, work_token, failed_cause)`

/**
 * An end of work, in one statement: the row of work is deleted, and what goes with it is derived from what was deleted.
 * The delete is its own fence: a takeover that came first has deleted the row, one that comes later waits. Nothing is
 * written unless the row was there. Run again under the same history id it finds no row and writes nothing.
 *
 * Locks: the row of work, then the row of work_backoff, then the new row of work_history.
 */
export function end(
  work: WorkKey,
  historyId: string,
  componentName: string,
  event: string,
  cause: string | null,
  condition = '',
): EndParts {
  return {
    deleted: `
      ended AS (
        DELETE FROM work
        WHERE machine_id = $1::uuid AND process = $2::text AND session_id = $3::uuid AND work_token = $4::int8${condition}
        RETURNING machine_id, process, session_id, work_token
      ), recorded AS (
        INSERT INTO work_history ${history}
        SELECT $5::uuid, machine_id, process, $7::text, clock_timestamp(), session_id, $6::text, work_token, $8::text
        FROM ended RETURNING work_history_id
      )`,
    values: [work.machineId, work.process, work.sessionId, String(work.token), historyId, componentName, event, cause],
  }
}

export interface EndParts {
  readonly deleted: string
  readonly values: unknown[]
}

/**
 * Of a guard that writes, on PostgreSQL: true inside the transaction that was begun together with it. Where BEGIN was
 * refused the guard would otherwise be run by itself.
 */
const begun = ` AND current_setting('transaction_isolation') = 'serializable'`

/** What an operator said of a machine while it was held outlasts the holder: neither parked, nor a backoff set by one. */
function notByOperator(row: string): string {
  return `${row}.parked_at IS NULL AND (${row}.set_by IS NULL OR ${row}.until <= now())`
}

/** A backoff that an operator set is not shortened. */
export const laterIfSet =
  'CASE WHEN kept.set_by IS NULL THEN excluded.until ELSE greatest(kept.until, excluded.until) END'

/** `finish`: clears the backoff, unless an operator said otherwise meanwhile. Also the guard of a `finish` with a function, with the columns that guards return. */
export function finishWork(
  dialect: Dialect,
  work: WorkKey,
  historyId: string,
  componentName: string,
  guard: boolean,
): Statement {
  const condition = guard && dialect === 'postgresql' ? begun : ''
  const parts = end(work, historyId, componentName, 'Finished', null, condition)
  return {
    name: guard ? 'bmdb_finish_guard' : 'bmdb_finish',
    text: `
      WITH ${parts.deleted}, cleared AS (
        DELETE FROM work_backoff AS b USING ended AS e
        WHERE b.machine_id = e.machine_id AND b.process = e.process AND ${notByOperator('b')}
        RETURNING b.machine_id
      )
      SELECT EXISTS (SELECT 1 FROM ended) AS ended${guard ? guardColumns(dialect, '$3') : ''}`,
    values: parts.values,
  }
}

/** One of several ends: the work, and the mark that its history row gets. */
export interface MarkedEnd {
  readonly work: WorkKey
  readonly historyId: string
}

/**
 * `finish` of several pieces of one session's work at once: what of it is there and locked by nobody else is ended, as
 * {@link finishWork} would; the marks of these are returned. What is locked is left to a `finish` of its own, so that no
 * piece of work waits for another's row, nor can two of them block each other in a circle.
 *
 * Rows are looked up one by one and, on PostgreSQL, deleted by where they lie (to be sent behind `byIndexes`): a join
 * would read the whole table with statistics that are out of date. They cannot move meanwhile: they are locked.
 *
 * Locks: the rows of work, skipping locked ones; the rows of work_backoff, in the same order; the new rows of
 * work_history.
 */
export function finishManyWorks(dialect: Dialect, ends: readonly MarkedEnd[], componentName: string): Statement {
  const postgresql = dialect === 'postgresql'
  const found = (table: string, alias: string): string =>
    postgresql
      ? `WHERE ${alias}.ctid = ANY(ARRAY(SELECT place FROM ${table}))`
      : `USING ${table} AS l WHERE ${alias}.machine_id = l.machine_id AND ${alias}.process = l.process`
  const place = postgresql ? ', ctid AS place' : ''
  const placed = (alias: string): string => (postgresql ? `, ${alias}.place` : '')
  return {
    name: 'bmdb_finish_many',
    text: `
      WITH locked AS MATERIALIZED (
        SELECT w.machine_id, w.process, e.history_id${placed('w')}
        FROM unnest($2::uuid[], $3::text[], $4::int8[], $5::uuid[]) AS e (machine_id, process, token, history_id)
        JOIN LATERAL (
          SELECT machine_id, process${place} FROM work
          WHERE machine_id = e.machine_id AND process = e.process AND session_id = $1::uuid AND work_token = e.token
          OFFSET 0 FOR UPDATE SKIP LOCKED) AS w ON true
      ), ended AS (
        DELETE FROM work AS w ${found('locked', 'w')}
        RETURNING w.machine_id, w.process, w.session_id, w.work_token
      ), kept AS MATERIALIZED (
        SELECT b.machine_id, b.process${placed('b')}
        FROM ended AS e
        JOIN LATERAL (
          SELECT machine_id, process${place} FROM work_backoff
          WHERE machine_id = e.machine_id AND process = e.process AND ${notByOperator('work_backoff')}
          OFFSET 0 FOR UPDATE) AS b ON true
      ), cleared AS (
        DELETE FROM work_backoff AS b ${found('kept', 'b')} RETURNING b.machine_id
      )
      INSERT INTO work_history ${history}
      SELECT l.history_id, e.machine_id, e.process, 'Finished', clock_timestamp(), e.session_id, $6::text, e.work_token,
             NULL
      FROM ended AS e JOIN locked AS l ON l.machine_id = e.machine_id AND l.process = e.process
      RETURNING work_history_id`,
    values: [
      ends[0]?.work.sessionId,
      ends.map(({ work }) => work.machineId),
      ends.map(({ work }) => work.process),
      ends.map(({ work }) => String(work.token)),
      ends.map(({ historyId }) => historyId),
      componentName,
    ],
  }
}

/** `cancel`: leaves the backoff as it is. With `released`, what an operator asked for, the history says so. */
export function cancelWork(
  work: WorkKey,
  historyId: string,
  componentName: string,
  released: string | undefined,
): Statement {
  const parts = end(work, historyId, componentName, released === undefined ? 'Canceled' : 'Released', released ?? null)
  return {
    name: 'bmdb_cancel',
    text: `WITH ${parts.deleted} SELECT EXISTS (SELECT 1 FROM ended) AS ended`,
    values: parts.values,
  }
}

/**
 * `fail`: stores the cause and how long the process stays away. The interval is computed here, from the one stored
 * before, in exact decimals: initially $9, then the previous one times $11, rounded up, at most $10; without a $9 the
 * previous one again, or a second. The wait, but not the stored interval, is shortened by $12. The attempt is counted, and
 * at $13 of them the machine is parked for the process.
 */
export function failWork(
  work: WorkKey,
  historyId: string,
  componentName: string,
  cause: string,
  backoff: BackoffParameters,
  maxAttempts: number | null,
): Statement {
  const parts = end(work, historyId, componentName, 'Failed', cause)
  return {
    name: 'bmdb_fail',
    text: `
      WITH ${parts.deleted}, next AS (
        SELECT e.machine_id, e.process, coalesce(b.attempts, 0) + 1 AS attempts,
               (CASE WHEN $9::int8 IS NULL THEN coalesce(b.last_interval_seconds, 1)
                     WHEN $11::numeric IS NULL OR b.last_interval_seconds IS NULL THEN $9::int8
                     ELSE least($10::numeric, ceil(b.last_interval_seconds::numeric * $11::numeric))::int8 END) AS seconds
        FROM ended AS e
        LEFT JOIN work_backoff AS b ON b.machine_id = e.machine_id AND b.process = e.process
      ), stored AS (
        INSERT INTO work_backoff AS kept
          (machine_id, process, until, cause, last_interval_seconds, attempts, parked_at, parked_by, parked_reason)
        SELECT machine_id, process, clock_timestamp() + (seconds::float8 * $12::float8) * interval '1 second', $8::text,
               seconds, attempts,
               CASE WHEN attempts >= $13::int8 THEN clock_timestamp() END,
               CASE WHEN attempts >= $13::int8 THEN $6::text END,
               CASE WHEN attempts >= $13::int8 THEN 'it failed ' || attempts::text || CASE attempts WHEN 1 THEN ' time' ELSE ' times' END END
        FROM next
        ON CONFLICT (machine_id, process) DO UPDATE
        SET until = ${laterIfSet}, cause = excluded.cause,
            last_interval_seconds = excluded.last_interval_seconds, attempts = excluded.attempts, parked_at = coalesce(kept.parked_at, excluded.parked_at),
            parked_by = coalesce(kept.parked_by, excluded.parked_by),
            parked_reason = coalesce(kept.parked_reason, excluded.parked_reason)
        RETURNING machine_id
      )
      SELECT EXISTS (SELECT 1 FROM ended) AS ended`,
    values: [
      ...parts.values,
      backoff.initialSeconds,
      backoff.maximumSeconds,
      backoff.exponent,
      backoff.shortening,
      maxAttempts,
    ],
  }
}

/**
 * The guard of `work.transact`: writes the row of work, without changing it, so that a takeover, which must delete it,
 * waits for this transaction or makes it fail. No row: the work is gone.
 */
export function guardWork(dialect: Dialect, work: WorkKey): Statement {
  return {
    name: 'bmdb_guard_work',
    text: `
      UPDATE work SET work_token = work_token
      WHERE machine_id = $1::uuid AND process = $2::text AND session_id = $3::uuid AND work_token = $4::int8
      RETURNING true AS ended${guardColumns(dialect, '$3')}`,
    values: [work.machineId, work.process, work.sessionId, String(work.token)],
  }
}

/** What became of an end that found no row: its mark, and the session. A new statement, and so a new snapshot. */
export function lookAfterEnd(sessionId: string, historyId: string): Statement {
  return {
    name: 'bmdb_look_after_end',
    text: `
      SELECT EXISTS (SELECT 1 FROM work_history WHERE work_history_id = $2::uuid) AS marked,
             EXISTS (SELECT 1 FROM sessions WHERE session_id = $1::uuid) AS alive`,
    values: [sessionId, historyId],
  }
}
