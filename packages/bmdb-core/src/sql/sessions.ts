import type { Statement } from '../database/server-connection.ts'
import type { Dialect } from '../database/server.ts'
import { serverRun, serverRunColumn, transactionIdColumn } from '../transaction/guard.ts'

/** What a connection calls itself while it runs a guarded transaction: by this a takeover finds a frozen holder. */
export function holderApplicationName(sessionId: string): string {
  return `bmdb ${sessionId}`
}

/**
 * What every guard also does on PostgreSQL: names the connection after the session for the length of the transaction,
 * and returns the transaction's id and the run of the server that it has a meaning in. Costs no round trip.
 */
export function guardColumns(dialect: Dialect, sessionParameter: string): string {
  return dialect === 'postgresql'
    ? `, set_config('application_name', 'bmdb ' || ${sessionParameter}::text, true) AS application_name` +
        `, pg_current_xact_id()::text AS ${transactionIdColumn}, ${serverRun} AS ${serverRunColumn}`
    : ''
}

/**
 * Starts a session: its row and its lease. Locks: the two new rows.
 * Run again under the same id it fails with 23505 on sessions_pkey: then the first try had done it.
 */
export function startSession(session: {
  id: string
  componentName: string
  runtimeInfo: string
  intervalSeconds: number
}): Statement {
  return {
    name: 'bmdb_start_session',
    text: `
      WITH started AS (
        INSERT INTO sessions (session_id, session_component_name, session_runtime_info, session_interval_seconds)
        VALUES ($1::uuid, $2::text, $3::text, $4::int4)
        RETURNING session_id, session_interval_seconds
      )
      INSERT INTO session_leases (session_id, session_deadline)
      SELECT session_id, clock_timestamp() + session_interval_seconds * interval '1 second' FROM started`,
    values: [session.id, session.componentName, session.runtimeInfo, session.intervalSeconds],
  }
}

/**
 * The guard of `session.transact`. Locks the session's row, shared: whoever ends the session must delete it, and waits
 * for this transaction or makes it fail. Beats do not touch it. No row: the session is gone.
 */
export function guardSession(dialect: Dialect, sessionId: string): Statement {
  return {
    name: 'bmdb_guard_session',
    text: `SELECT session_id${guardColumns(dialect, '$1')} FROM sessions WHERE session_id = $1::uuid FOR KEY SHARE`,
    values: [sessionId],
  }
}

/**
 * Waits for every transaction that got past {@link guardSession}, and for nothing else: locks the session's row
 * exclusively, until the statement ends.
 */
export function settleGuarded(sessionId: string): Statement {
  return {
    name: 'bmdb_settle_guarded',
    text: 'SELECT session_id FROM sessions WHERE session_id = $1::uuid FOR UPDATE',
    values: [sessionId],
  }
}

/** A beat's answer; none if the session is gone. */
export interface BeatRow {
  /** False if the deadline had passed, so that nothing was written. */
  readonly alive: boolean
  /** All work that the session holds; null where {@link heldBy} asks for it. */
  readonly held: HeldRows | null
  /** What operators ask the session to release, held or not any more; null as `held`, or where there is nothing. */
  readonly releases: readonly ReleaseRequest[] | null
}

/** An operator asks for the work with this token. */
export interface ReleaseRequest {
  readonly machineId: string
  readonly process: string
  readonly token: string
  readonly by: string
  readonly reason: string
}

/** Work that a session holds, as JSON brings it. */
export type HeldRows = readonly { readonly machineId: string; readonly process: string; readonly token: string }[]

const held = `coalesce(
        (SELECT json_agg(json_build_object('machineId', w.machine_id, 'process', w.process, 'token', w.work_token::text))
         FROM work AS w WHERE w.session_id = $1::uuid), '[]'::json) AS held,
        (SELECT json_agg(json_build_object('machineId', r.machine_id, 'process', r.process, 'token', r.work_token::text,
                                           'by', r.requested_by, 'reason', r.reason))
         FROM work_releases AS r
         WHERE r.session_id = $1::uuid AND r.requested_at > now() - interval '2 hours') AS releases`

/**
 * One beat. Locks and writes the session's row in session_leases, nothing else. The lease is locked first and judged
 * after that: a beat that waited for the lock must not revive a session whose deadline passed meanwhile. Never moves a
 * deadline back.
 *
 * On CockroachDB, where a read waits for whoever has written a row, what the session holds is left to {@link heldBy}: the
 * beat must not wait for the session's own long transactions.
 */
export function beat(dialect: Dialect, sessionId: string, intervalSeconds: number): Statement {
  return {
    name: 'bmdb_beat',
    text: `
      WITH lease AS MATERIALIZED (
        SELECT session_id, session_deadline FROM session_leases WHERE session_id = $1::uuid FOR UPDATE
      ), alive AS MATERIALIZED (
        SELECT session_id FROM lease WHERE session_deadline > clock_timestamp()
      ), beaten AS (
        UPDATE session_leases AS l
        SET session_deadline = greatest(l.session_deadline, clock_timestamp() + $2::int4 * interval '1 second')
        FROM alive AS a WHERE l.session_id = a.session_id
        RETURNING l.session_id
      )
      SELECT EXISTS (SELECT 1 FROM beaten) AS alive, ${dialect === 'postgresql' ? held : 'NULL AS held, NULL AS releases'}
      FROM lease`,
    values: [sessionId, intervalSeconds],
  }
}

/** What the session holds, sent behind a beat. May fail where the beat succeeds. Locks nothing. */
export function heldBy(sessionId: string): Statement {
  return { name: 'bmdb_held_by', text: `SELECT ${held}`, values: [sessionId] }
}
