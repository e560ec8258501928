import type { Statement } from '../database/server-connection.ts'
import { end, laterIfSet, type WorkKey } from './end-work.ts'

/** `snooze`: not a failure, and no attempt: the process stays away for so many seconds. */
export function snoozeWork(work: WorkKey, historyId: string, componentName: string, seconds: number): Statement {
  const parts = end(work, historyId, componentName, 'Snoozed', null)
  return {
    name: 'bmdb_snooze',
    text: `
      WITH ${parts.deleted}, stored AS (
        INSERT INTO work_backoff AS kept (machine_id, process, until, cause)
        SELECT machine_id, process, clock_timestamp() + $9::int8 * interval '1 second', 'snoozed' FROM ended
        ON CONFLICT (machine_id, process) DO UPDATE SET until = ${laterIfSet}
        RETURNING machine_id
      )
      SELECT EXISTS (SELECT 1 FROM ended) AS ended`,
    values: [...parts.values, seconds],
  }
}

/** `park`: the process stays away until an operator says otherwise. */
export function parkWork(work: WorkKey, historyId: string, componentName: string, reason: string): Statement {
  const parts = end(work, historyId, componentName, 'Parked', reason)
  return {
    name: 'bmdb_park',
    text: `
      WITH ${parts.deleted}, stored AS (
        INSERT INTO work_backoff (machine_id, process, until, cause, parked_at, parked_by, parked_reason)
        SELECT machine_id, process, clock_timestamp(), $8::text, clock_timestamp(), $6::text, $8::text FROM ended
        ON CONFLICT (machine_id, process) DO UPDATE
        SET parked_at = excluded.parked_at, parked_by = excluded.parked_by, parked_reason = excluded.parked_reason
        RETURNING machine_id
      )
      SELECT EXISTS (SELECT 1 FROM ended) AS ended`,
    values: parts.values,
  }
}

/**
 * Stores how far the work is, if it is still this holder's: returns one row then. Writes work_progress alone, and no lock
 * that an end would wait for: a report that comes late is told from the work by its token.
 */
export function reportProgress(
  work: WorkKey,
  message: string,
  percent: number | null,
  deadlineSeconds: number | null,
): Statement {
  return {
    name: 'bmdb_progress',
    text: `
      INSERT INTO work_progress AS kept
        (machine_id, process, work_token, message, percent, reported_at, progress_deadline)
      SELECT machine_id, process, work_token, $5::text, $6::int4, clock_timestamp(),
             clock_timestamp() + $7::int8 * interval '1 second'
      FROM work
      WHERE machine_id = $1::uuid AND process = $2::text AND session_id = $3::uuid AND work_token = $4::int8
      ON CONFLICT (machine_id, process) DO UPDATE
      SET work_token = excluded.work_token, message = excluded.message, percent = excluded.percent,
          reported_at = excluded.reported_at, progress_deadline = excluded.progress_deadline
      WHERE kept.work_token <= excluded.work_token
      RETURNING work_token`,
    values: [work.machineId, work.process, work.sessionId, String(work.token), message, percent, deadlineSeconds],
  }
}
