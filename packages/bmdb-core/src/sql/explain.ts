import type { Statement } from '../database/server-connection.ts'

/** What the database says of a machine and a process, as {@link explainRow} brings it. */
export interface ExplainRow {
  readonly known: boolean
  readonly created_at: Date | null
  readonly retired_at: Date | null
  readonly locked_out_at: Date | null
  readonly locked_out_until: Date | null
  readonly locked_out_by: string | null
  readonly lock_out_reason: string | null
  readonly lock_out_over: boolean | null
  readonly paused_at: Date | null
  readonly paused_by: string | null
  readonly paused_reason: string | null
  readonly declaration: unknown
  readonly backoff_until: Date | null
  readonly backoff_over: boolean | null
  readonly backoff_cause: string | null
  readonly attempts: string | null
  readonly parked_at: Date | null
  readonly parked_by: string | null
  readonly parked_reason: string | null
  readonly touched_at: Date | null
  /** Work of the process itself and of those that conflict with it, of living and dead holders. */
  readonly holders: readonly HolderJson[]
  readonly domains: readonly DomainJson[]
  readonly now: Date
}

export interface HolderJson {
  readonly process: string
  readonly component: string
  readonly session: string
  readonly token: string
  readonly since: string
  readonly until: string
  readonly alive: boolean
}

export interface DomainJson {
  readonly kind: string
  readonly domain: string
  readonly held: number
  readonly maximum: number
}

/** Everything that decides whether a process may begin on a machine now. One row, always. Locks nothing. */
export function explainRow(machineId: string, process: string): Statement {
  return {
    name: 'bmdb_explain',
    text: `
      SELECT m.machine_id IS NOT NULL AS known, m.machine_created_at AS created_at, m.machine_retired_at AS retired_at,
             m.machine_locked_out_at AS locked_out_at, m.machine_locked_out_until AS locked_out_until,
             m.machine_locked_out_by AS locked_out_by, m.machine_lock_out_reason AS lock_out_reason,
             m.machine_locked_out_until <= now() AS lock_out_over,
             p.paused_at, p.paused_by, p.paused_reason, p.declaration,
             b.until AS backoff_until, b.until <= now() AS backoff_over, b.cause AS backoff_cause,
             b.attempts::text AS attempts, b.parked_at, b.parked_by, b.parked_reason, t.touched_at,
             coalesce((
               SELECT json_agg(json_build_object(
                 'process', w.process, 'component', s.session_component_name, 'session', w.session_id,
                 'token', w.work_token::text, 'since', w.work_started_at, 'until', l.session_deadline,
                 'alive', l.session_deadline > now()))
               FROM work AS w
               JOIN sessions AS s ON s.session_id = w.session_id
               JOIN session_leases AS l ON l.session_id = w.session_id
               WHERE w.machine_id = asked.machine_id AND (w.process = asked.process OR w.process IN (
                 SELECT conflicts_with FROM process_conflicts WHERE process = asked.process))), '[]'::json) AS holders,
             coalesce((
               SELECT json_agg(json_build_object(
                 'kind', d.kind, 'domain', d.failure_domain, 'maximum', r.maximum, 'held', (
                   SELECT count(*) FROM work_held AS h
                   JOIN machine_failure_domains AS e ON e.machine_id = h.machine_id AND e.kind = d.kind
                   WHERE h.process = asked.process AND e.failure_domain = d.failure_domain)))
               FROM machine_failure_domains AS d
               JOIN process_domain_limits AS r ON r.process = asked.process AND r.kind = d.kind
               WHERE d.machine_id = asked.machine_id), '[]'::json) AS domains,
             now() AS now
      FROM (SELECT $1::uuid AS machine_id, $2::text AS process) AS asked
      LEFT JOIN machines AS m ON m.machine_id = asked.machine_id
      LEFT JOIN processes AS p ON p.process = asked.process
      LEFT JOIN work_backoff AS b ON b.machine_id = asked.machine_id AND b.process = asked.process
      LEFT JOIN work_tokens AS t ON t.machine_id = asked.machine_id AND t.process = asked.process`,
    values: [machineId, process],
  }
}
