import type { Statement } from '../database/server-connection.ts'
import type { Dialect } from '../database/server.ts'

/**
 * Ending sessions that others may end, in one transaction: lock, delete their work into the history, delete them. Three
 * statements, because at READ COMMITTED each has a new snapshot, and the later ones must see what the lock waited for:
 * one statement for all would write `Expired` for work that was finished while it waited, or miss work that was claimed.
 * now() is fixed in the transaction, so that all three judge by the same instant.
 *
 * Lock order: sessions, session_leases (by session id), then work, then what the caller claims.
 */

/** Which of the sessions are meant: those that expired, or any: one's own, or what an operator ends. */
export type Ending = 'expired' | 'any'

const expired = 'l.session_deadline <= now()'

/**
 * Locks the sessions' rows and leases; returns those that may be ended. A beat that is under way is waited for and then
 * judged by what it wrote.
 */
export function lockSessions(ending: Ending, sessionIds: readonly string[]): Statement {
  return {
    name: `bmdb_lock_${ending}_sessions`,
    text: `
      SELECT s.session_id FROM sessions AS s JOIN session_leases AS l ON l.session_id = s.session_id
      WHERE s.session_id = ANY($1::uuid[])${ending === 'expired' ? ` AND ${expired}` : ''}
      ORDER BY s.session_id FOR UPDATE OF s, l`,
    values: [sessionIds],
  }
}

/** The same for whichever sessions expired more than `graceSeconds` ago, at most `limit`, without waiting for locks. */
export function lockExpiredBatch(graceSeconds: number, limit: number): Statement {
  return {
    name: 'bmdb_lock_expired_batch',
    text: `
      SELECT s.session_id FROM session_leases AS l JOIN sessions AS s ON s.session_id = l.session_id
      WHERE l.session_deadline <= now() - $1::float8 * interval '1 second'
      LIMIT $2::int8 FOR UPDATE OF s, l SKIP LOCKED`,
    values: [graceSeconds, limit],
  }
}

/** Sessions that expired more than `graceSeconds` ago and are still there. Locks nothing. */
export function findExpired(graceSeconds: number, limit: number): Statement {
  return {
    name: 'bmdb_find_expired',
    text: `
      SELECT session_id FROM session_leases
      WHERE session_deadline <= now() - $1::float8 * interval '1 second' LIMIT $2::int8`,
    values: [graceSeconds, limit],
  }
}

/**
 * For the rest of the transaction nothing reads a whole table where it could go by an index: statistics that are out of
 * date would have PostgreSQL do so. (Its plans are prepared here, and used here.)
 */
export function byIndexes(dialect: Dialect): Statement[] {
  return dialect === 'postgresql' ? [{ text: 'SET LOCAL enable_seqscan = off' }] : []
}

/** Deletes the work of the locked sessions, each piece into one history row. */
export function endWorkOfSessions(
  ending: Ending,
  sessionIds: readonly string[],
  event: 'Expired' | 'Canceled' | 'Released',
  reason: string,
): Statement {
  return {
    name: `bmdb_end_work_of_${ending}_sessions`,
    text: `
      WITH ended AS (
        DELETE FROM work WHERE session_id IN (
          SELECT l.session_id FROM session_leases AS l
          WHERE l.session_id = ANY($1::uuid[])${ending === 'expired' ? ` AND ${expired}` : ''})
        RETURNING machine_id, process, session_id, work_token
      )
      INSERT INTO work_history
        (work_history_id, machine_id, process, event, "timestamp", session_id, component_name, work_token, failed_cause)
      SELECT gen_random_uuid(), e.machine_id, e.process, $2::text, clock_timestamp(), e.session_id,
             s.session_component_name, e.work_token, $3::text
      FROM ended AS e JOIN sessions AS s ON s.session_id = e.session_id
      RETURNING work_history_id`,
    values: [sessionIds, event, reason],
  }
}

/** How a session ended, as the history keeps it. */
export type SessionEnd = 'Closed' | 'Expired' | 'Released'

/**
 * Deletes the locked sessions, each into one row of history; their leases go with them. Work that were still there would
 * make it fail.
 */
export function deleteSessions(
  ending: Ending,
  sessionIds: readonly string[],
  event: SessionEnd,
  reason: string,
): Statement {
  return {
    name: `bmdb_delete_${ending}_sessions`,
    text: `
      WITH ended AS (
        DELETE FROM sessions WHERE session_id IN (
          SELECT l.session_id FROM session_leases AS l
          WHERE l.session_id = ANY($1::uuid[])${ending === 'expired' ? ` AND ${expired}` : ''})
        RETURNING session_id, session_component_name, session_runtime_info, session_created_at, session_interval_seconds
      )
      INSERT INTO session_history
        (session_id, session_component_name, session_runtime_info, session_created_at, session_interval_seconds,
         session_ended_at, event, reason)
      SELECT session_id, session_component_name, session_runtime_info, session_created_at, session_interval_seconds,
             clock_timestamp(), $2::text, $3::text
      FROM ended
      RETURNING session_id`,
    values: [sessionIds, event, reason],
  }
}

/**
 * PostgreSQL only: ends the connections of guarded transactions of these sessions that expired: their programs were
 * frozen inside them, and hold locks that the sessions' end needs. Transactions of live sessions are never cut.
 */
export function endFrozenConnections(ending: Ending, sessionIds: readonly string[]): Statement {
  return {
    name: `bmdb_end_frozen_connections_${ending}`,
    text: `
      SELECT pg_terminate_backend(a.pid) AS ended
      FROM session_leases AS l JOIN pg_stat_activity AS a ON a.application_name = 'bmdb ' || l.session_id::text
      WHERE l.session_id = ANY($1::uuid[])${ending === 'expired' ? ` AND ${expired}` : ''}
        AND a.datname = current_database() AND a.pid <> pg_backend_pid()`,
    values: [sessionIds],
  }
}

/** Expired sessions that have work on these machines. Locks nothing. */
export function expiredHolders(machineIds: readonly string[]): Statement {
  return {
    name: 'bmdb_expired_holders',
    text: `
      SELECT DISTINCT w.session_id FROM work AS w JOIN session_leases AS l ON l.session_id = w.session_id
      WHERE w.machine_id = ANY($1::uuid[]) AND ${expired}`,
    values: [machineIds],
  }
}

/** Requests to release work are over after two hours, whatever became of the work: beats carry none that is older. */
export const deleteOldReleases: Statement = {
  name: 'bmdb_delete_old_releases',
  text: `DELETE FROM work_releases WHERE requested_at < now() - interval '2 hours'`,
}
