import { text, uuid } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import { processName } from '../work/process-name.ts'
import { readPage, type Page, type PageOptions } from './page.ts'

/** A machine, as operators see it. */
export interface MachineRow {
  readonly id: string
  readonly createdAt: Date
  readonly retiredAt: Date | null
  /** The lock-out in force, if there is one. */
  readonly lockOut: {
    readonly by: string
    readonly since: string
    readonly until: string | null
    readonly reason: string
  } | null
  readonly failureDomains: Readonly<Record<string, string>>
  /** The processes that hold it, holders alive. */
  readonly held: readonly string[]
}

/** Options of `fleet.machines`. */
export interface MachineFilter extends PageOptions {
  /** Only retired ones, or only those that are not. Default: all. */
  readonly retired?: boolean | undefined
  /** Only those under a lock-out, or only those that are not. */
  readonly lockedOut?: boolean | undefined
  /** Only those of this failure domain. */
  readonly failureDomain?: { readonly kind: string; readonly domain: string } | undefined
  /** Only those whose id begins so. */
  readonly idPrefix?: string | undefined
}

/** Machines, oldest first. */
export function listMachines(database: Database, filter: MachineFilter = {}): Promise<Page<MachineRow>> {
  const given = new Conditions()
  if (filter.retired !== undefined) given.add(`m.machine_retired_at IS ${filter.retired ? 'NOT ' : ''}NULL`)
  if (filter.lockedOut !== undefined) given.add(`o.machine_id IS ${filter.lockedOut ? 'NOT ' : ''}NULL`)
  if (filter.failureDomain !== undefined) {
    const kind = given.value(text('failureDomain.kind', filter.failureDomain.kind, 128))
    const domain = given.value(text('failureDomain.domain', filter.failureDomain.domain, 256))
    given.add(`EXISTS (SELECT 1 FROM machine_failure_domains AS f
      WHERE f.machine_id = m.machine_id AND f.kind = ${kind}::text AND f.failure_domain = ${domain}::text)`)
  }
  if (filter.idPrefix !== undefined) {
    const prefix = text('idPrefix', filter.idPrefix, 36).toLowerCase()
    given.add(`m.machine_id::text LIKE ${given.value(`${prefix.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`)}::text`)
  }
  return readPage(
    database,
    {
      what: 'listing machines',
      select: `SELECT m.machine_id AS id, m.machine_created_at AS "createdAt", m.machine_retired_at AS "retiredAt",
          CASE WHEN o.machine_id IS NULL THEN NULL ELSE json_build_object(
            'by', o.locked_out_by, 'since', o.locked_out_at, 'until', o.locked_out_until, 'reason', o.reason) END AS "lockOut",
          coalesce((SELECT json_object_agg(f.kind, f.failure_domain) FROM machine_failure_domains AS f
                    WHERE f.machine_id = m.machine_id), '{}'::json) AS "failureDomains",
          coalesce((SELECT json_agg(h.process ORDER BY h.process) FROM work_held AS h
                    WHERE h.machine_id = m.machine_id), '[]'::json) AS held
        FROM machines AS m LEFT JOIN machine_locked_out AS o ON o.machine_id = m.machine_id`,
      ...given.all,
      key: [
        { column: 'm.machine_created_at', type: 'timestamptz' },
        { column: 'm.machine_id', type: 'uuid' },
      ],
    },
    filter,
  )
}

/** A session, as operators see it. */
export interface SessionRow {
  readonly id: string
  readonly component: string
  readonly runtimeInfo: string
  readonly createdAt: Date
  readonly intervalSeconds: number
  readonly deadline: Date
  /** False once its deadline passed: others may take over what it holds. */
  readonly alive: boolean
  /** How many pieces of work it holds. */
  readonly held: number
}

/** Options of `fleet.sessions`. */
export interface SessionFilter extends PageOptions {
  /** Only those that are alive, or only those that expired. Default: all. */
  readonly alive?: boolean | undefined
  readonly component?: string | undefined
}

/** Sessions, oldest first. */
export function listSessions(database: Database, filter: SessionFilter = {}): Promise<Page<SessionRow>> {
  const given = new Conditions()
  if (filter.alive !== undefined) given.add(`s.session_alive = ${filter.alive ? 'true' : 'false'}`)
  if (filter.component !== undefined)
    given.add(`s.session_component_name = ${given.value(text('component', filter.component, 128))}::text`)
  return readPage(
    database,
    {
      what: 'listing sessions',
      select: `SELECT s.session_id AS id, s.session_component_name AS component, s.session_runtime_info AS "runtimeInfo",
          s.session_created_at AS "createdAt", s.session_interval_seconds AS "intervalSeconds",
          s.session_deadline AS deadline, s.session_alive AS alive,
          (SELECT count(*)::int4 FROM work AS w WHERE w.session_id = s.session_id) AS held
        FROM session_status AS s`,
      ...given.all,
      key: [
        { column: 's.session_created_at', type: 'timestamptz' },
        { column: 's.session_id', type: 'uuid' },
      ],
    },
    filter,
  )
}

/** A backoff, or a machine that is parked for a process. */
export interface BackoffRow {
  readonly machineId: string
  readonly process: string
  readonly until: Date
  /** Of the last failure. */
  readonly cause: string
  /** Failures since the last success. */
  readonly attempts: number
  readonly parkedAt: Date | null
  readonly parkedBy: string | null
  readonly parkedReason: string | null
}

/** Options of `fleet.backoffs`. */
export interface BackoffFilter extends PageOptions {
  readonly process?: string | undefined
  readonly machineId?: string | undefined
  /** Only what is parked, or only what is not. Default: both. */
  readonly parked?: boolean | undefined
}

/** Backoffs in force, and what is parked; by machine. */
export function listBackoffs(database: Database, filter: BackoffFilter = {}): Promise<Page<BackoffRow>> {
  const given = new Conditions()
  given.add('(b.parked_at IS NOT NULL OR b.until > now())')
  if (filter.parked !== undefined) given.add(`b.parked_at IS ${filter.parked ? 'NOT ' : ''}NULL`)
  if (filter.process !== undefined) given.add(`b.process = ${given.value(processName(filter.process))}::text`)
  if (filter.machineId !== undefined)
    given.add(`b.machine_id = ${given.value(uuid('machineId', filter.machineId))}::uuid`)
  return readPage(
    database,
    {
      what: 'listing backoffs',
      select: `SELECT b.machine_id AS "machineId", b.process, b.until, b.cause, b.attempts::int4 AS attempts,
          b.parked_at AS "parkedAt", b.parked_by AS "parkedBy", b.parked_reason AS "parkedReason"
        FROM work_backoff AS b`,
      ...given.all,
      key: [
        { column: 'b.machine_id', type: 'uuid' },
        { column: 'b.process', type: 'text' },
      ],
    },
    filter,
  )
}

/** What an operator did. */
export interface OperatorHistoryRow {
  readonly id: string
  readonly timestamp: Date
  readonly operator: string
  readonly action: string
  readonly reason: string
  readonly machineId: string | null
  readonly process: string | null
  readonly sessionId: string | null
}

/** Options of `fleet.operatorHistory`. */
export interface OperatorHistoryFilter extends PageOptions {
  readonly machineId?: string | undefined
}

/** What operators did, newest first. */
export function listOperatorHistory(
  database: Database,
  filter: OperatorHistoryFilter = {},
): Promise<Page<OperatorHistoryRow>> {
  const given = new Conditions()
  if (filter.machineId !== undefined)
    given.add(`h.machine_id = ${given.value(uuid('machineId', filter.machineId))}::uuid`)
  return readPage(
    database,
    {
      what: 'listing what operators did',
      select: `SELECT h.operator_history_id AS id, h."timestamp", h.operator, h.action, h.reason,
          h.machine_id AS "machineId", h.process, h.session_id AS "sessionId"
        FROM operator_history AS h`,
      ...given.all,
      key: [
        { column: 'h."timestamp"', type: 'timestamptz' },
        { column: 'h.operator_history_id', type: 'uuid' },
      ],
      descending: true,
    },
    filter,
  )
}

/** Conditions of a statement, and the values they name. */
export class Conditions {
  readonly #conditions: string[] = []
  readonly #values: unknown[] = []

  add(condition: string): void {
    this.#conditions.push(condition)
  }

  /** @returns the parameter that stands for the value */
  value(value: unknown): string {
    this.#values.push(value)
    return `$${this.#values.length}`
  }

  get all(): { conditions: readonly string[]; values: readonly unknown[] } {
    return { conditions: this.#conditions, values: this.#values }
  }
}
