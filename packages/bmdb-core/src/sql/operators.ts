import type { Statement } from '../database/server-connection.ts'

/** What an operator does, as the history keeps it. */
export type OperatorAction =
  | 'add machine'
  | 'retire'
  | 'return to service'
  | 'delete machine'
  | 'set failure domain'
  | 'lock out'
  | 'end lock-out'
  | 'pause'
  | 'resume'
  | 'park'
  | 'unpark'
  | 'set backoff'
  | 'clear backoff'
  | 'release'
  | 'release by force'
  | 'end session'
  | 'declare process'

/** One act: who, what, why, and on what. */
export interface Act {
  /** Chosen by the client: the mark under which a lost answer is found again. */
  readonly historyId: string
  readonly operator: string
  readonly action: OperatorAction
  readonly reason: string
  readonly machineId?: string | undefined
  readonly process?: string | undefined
  readonly sessionId?: string | undefined
}

/**
 * One act, in one statement: `change` writes, and returns a row where there was something to change; the history row is
 * written only then. In `change`, $4 is the reason, $2 the operator, $5 the machine, $6 the process, $7 the session.
 */
export function act(name: string, what: Act, change: string, values: readonly unknown[] = [], first = ''): Statement {
  return {
    name: `bmdb_operator_${name}`,
    text: `
      WITH ${first}changed AS (${change}
      ), recorded AS (
        INSERT INTO operator_history
          (operator_history_id, "timestamp", operator, action, reason, machine_id, process, session_id)
        SELECT $1::uuid, clock_timestamp(), $2::text, $3::text, $4::text, $5::uuid, $6::text, $7::uuid
        WHERE EXISTS (SELECT 1 FROM changed)
        RETURNING operator_history_id
      )
      SELECT EXISTS (SELECT 1 FROM recorded) AS done`,
    values: [
      what.historyId,
      what.operator,
      what.action,
      what.reason,
      what.machineId ?? null,
      what.process ?? null,
      what.sessionId ?? null,
      ...values,
    ],
  }
}

/** Whether an act whose answer was lost had been done. */
export function findAct(historyId: string): Statement {
  return {
    name: 'bmdb_find_act',
    text: 'SELECT 1 FROM operator_history WHERE operator_history_id = $1::uuid',
    values: [historyId],
  }
}

/** What each act writes. */
export const changes = {
  addMachine: `
        INSERT INTO machines (machine_id) VALUES ($5::uuid) ON CONFLICT (machine_id) DO NOTHING RETURNING machine_id`,
  retire: `
        UPDATE machines SET machine_retired_at = clock_timestamp()
        WHERE machine_id = $5::uuid AND machine_retired_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM work_held WHERE machine_id = $5::uuid)
        RETURNING machine_id`,
  returnToService: `
        UPDATE machines SET machine_retired_at = NULL
        WHERE machine_id = $5::uuid AND machine_retired_at IS NOT NULL RETURNING machine_id`,
  deleteMachine: `
        DELETE FROM machines
        WHERE machine_id = $5::uuid AND NOT EXISTS (SELECT 1 FROM work_held WHERE machine_id = $5::uuid)
        RETURNING machine_id`,
  setFailureDomain: `
        INSERT INTO machine_failure_domains (machine_id, kind, failure_domain)
        SELECT machine_id, $8::text, $9::text FROM machines WHERE machine_id = $5::uuid
        ON CONFLICT (machine_id, kind) DO UPDATE SET failure_domain = excluded.failure_domain RETURNING machine_id`,
  clearFailureDomain: `
        DELETE FROM machine_failure_domains WHERE machine_id = $5::uuid AND kind = $8::text RETURNING machine_id`,
  lockOut: `
        UPDATE machines
        SET machine_locked_out_at = clock_timestamp(), machine_locked_out_by = $2::text, machine_lock_out_reason = $4::text,
            machine_locked_out_until = coalesce($8::timestamptz, clock_timestamp() + $9::int8 * interval '1 second')
        WHERE machine_id = $5::uuid RETURNING machine_id`,
  endLockOut: `
        UPDATE machines
        SET machine_locked_out_at = NULL, machine_locked_out_by = NULL, machine_lock_out_reason = NULL,
            machine_locked_out_until = NULL
        WHERE machine_id = $5::uuid AND machine_locked_out_at IS NOT NULL RETURNING machine_id`,
  pause: `
        INSERT INTO processes AS p (process, paused_at, paused_by, paused_reason)
        VALUES ($6::text, clock_timestamp(), $2::text, $4::text)
        ON CONFLICT (process) DO UPDATE
        SET paused_at = excluded.paused_at, paused_by = excluded.paused_by, paused_reason = excluded.paused_reason
        WHERE p.paused_at IS NULL
        RETURNING p.process`,
  resume: `
        UPDATE processes SET paused_at = NULL, paused_by = NULL, paused_reason = NULL
        WHERE process = $6::text AND paused_at IS NOT NULL RETURNING process`,
  park: `
        INSERT INTO work_backoff AS b (machine_id, process, until, cause, parked_at, parked_by, parked_reason)
        SELECT machine_id, $6::text, clock_timestamp(), $4::text, clock_timestamp(), $2::text, $4::text
        FROM machines WHERE machine_id = $5::uuid
        ON CONFLICT (machine_id, process) DO UPDATE
        SET parked_at = excluded.parked_at, parked_by = excluded.parked_by, parked_reason = excluded.parked_reason
        WHERE b.parked_at IS NULL
        RETURNING b.machine_id`,
  unpark: `
        DELETE FROM work_backoff
        WHERE machine_id = $5::uuid AND process = $6::text AND parked_at IS NOT NULL RETURNING machine_id`,
  setBackoff: `
        INSERT INTO work_backoff AS b (machine_id, process, until, cause, set_by)
        SELECT machine_id, $6::text, clock_timestamp() + $8::int8 * interval '1 second', $4::text, $2::text
        FROM machines WHERE machine_id = $5::uuid
        ON CONFLICT (machine_id, process) DO UPDATE
        SET until = excluded.until, cause = excluded.cause, set_by = excluded.set_by
        RETURNING b.machine_id`,
  clearBackoff: `
        UPDATE work_backoff SET until = clock_timestamp(), set_by = NULL
        WHERE machine_id = $5::uuid AND process = $6::text AND until > now() RETURNING machine_id`,
  requestRelease: `
        INSERT INTO work_releases (machine_id, process, work_token, session_id, requested_by, reason)
        SELECT machine_id, process, work_token, session_id, $2::text, $4::text
        FROM work WHERE machine_id = $5::uuid AND process = $6::text AND work_token = $8::int8
        ON CONFLICT (machine_id, process) DO UPDATE
        SET work_token = excluded.work_token, session_id = excluded.session_id, requested_at = excluded.requested_at,
            requested_by = excluded.requested_by, reason = excluded.reason
        RETURNING machine_id`,
} as const

/** The work that is held now, whoever holds it. */
export function findWork(machineId: string, process: string): Statement {
  return {
    name: 'bmdb_find_work',
    text: `
      SELECT w.session_id, s.session_component_name AS component_name, w.work_token::text AS token,
             l.session_deadline > now() AS alive
      FROM work AS w
      JOIN sessions AS s ON s.session_id = w.session_id
      JOIN session_leases AS l ON l.session_id = w.session_id
      WHERE w.machine_id = $1::uuid AND w.process = $2::text`,
    values: [machineId, process],
  }
}

/** Takes the work with this token away: its row goes, and the history says who took it and why. */
export function releaseByForce(what: Act, token: string): Statement {
  return act(
    'release_by_force',
    what,
    `
        INSERT INTO work_history
          (work_history_id, machine_id, process, event, "timestamp", session_id, component_name, work_token, failed_cause)
        SELECT gen_random_uuid(), e.machine_id, e.process, 'Released', clock_timestamp(), e.session_id,
               s.session_component_name, e.work_token, 'released by ' || $2::text || ': ' || $4::text
        FROM ended AS e JOIN sessions AS s ON s.session_id = e.session_id
        RETURNING work_history_id`,
    [token],
    `ended AS (
        DELETE FROM work WHERE machine_id = $5::uuid AND process = $6::text AND work_token = $8::int8
        RETURNING machine_id, process, session_id, work_token
      ), `,
  )
}

/** Whoever holds a machine, alive, for any process: what retiring and deleting it is refused for. */
export function findHolders(machineId: string): Statement {
  return {
    name: 'bmdb_find_holders',
    text: `
      SELECT w.process, s.session_component_name AS component, w.session_id AS session, w.work_started_at AS since,
             l.session_deadline AS until, l.session_deadline > now() AS alive
      FROM work AS w
      JOIN sessions AS s ON s.session_id = w.session_id
      JOIN session_leases AS l ON l.session_id = w.session_id
      WHERE w.machine_id = $1::uuid ORDER BY l.session_deadline DESC`,
    values: [machineId],
  }
}

/** The session, where it is there: what the history of its end rests on. */
export const sessionThere = `
        SELECT session_id FROM sessions WHERE session_id = $7::uuid FOR UPDATE`

/** Whether there is such a machine. */
export function findMachine(machineId: string): Statement {
  return {
    name: 'bmdb_find_machine',
    text: 'SELECT machine_retired_at IS NOT NULL AS retired FROM machines WHERE machine_id = $1::uuid',
    values: [machineId],
  }
}
