import { date, invalid, text, uuid } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import type { HistoryEvent } from '../history.ts'
import { processName } from '../work/process-name.ts'
import { Conditions } from './conditions.ts'
import type { OperatorHistoryRow } from './operator-history.ts'
import { readPage, type Page, type PageOptions } from './page.ts'

/** Something that happened to work. Survives `JSON.stringify`. */
export interface WorkEventRow {
  readonly kind: 'work'
  readonly id: string
  readonly timestamp: Date
  readonly machineId: string
  readonly process: string
  readonly event: HistoryEvent
  readonly sessionId: string
  readonly component: string
  readonly token: string
  /** Why it failed, or was ended by somebody else. */
  readonly cause: string | null
}

/** Something that an operator did. */
export interface OperatorEventRow extends OperatorHistoryRow {
  readonly kind: 'operator'
}

export type FleetEvent = WorkEventRow | OperatorEventRow

/** Options of `fleet.history`. */
export interface FleetEventFilter extends PageOptions {
  /** Only what happened to work, or only what operators did. Default: both. */
  readonly kind?: 'work' | 'operator' | undefined
  readonly machineId?: string | undefined
  readonly sessionId?: string | undefined
  readonly process?: string | undefined
  /** Only work that began or ended so. */
  readonly event?: HistoryEvent | undefined
  /** Only what has this in its cause, reason, component or operator, in capitals or not. */
  readonly search?: string | undefined
  /** Not before, by the database's clock. */
  readonly from?: Date | undefined
  /** Before. */
  readonly to?: Date | undefined
}

const ofWork = `SELECT 'work'::text AS kind, work_history_id AS id, "timestamp", machine_id, process, session_id,
    event AS what, component_name AS who, failed_cause AS why, work_token::text AS token
  FROM work_history`
const ofOperators = `SELECT 'operator'::text AS kind, operator_history_id AS id, "timestamp", machine_id, process, session_id,
    action AS what, operator AS who, reason AS why, NULL::text AS token
  FROM operator_history`
const bases = { work: ofWork, operator: ofOperators, both: `${ofWork} UNION ALL ${ofOperators}` } as const

/** What happened to work and what operators did, in one list, newest first. */
export async function listEvents(database: Database, filter: FleetEventFilter = {}): Promise<Page<FleetEvent>> {
  const { kind } = filter
  if (kind !== undefined && kind !== 'work' && kind !== 'operator') invalid('kind', kind, 'work or operator')
  const given = new Conditions()
  if (filter.machineId !== undefined)
    given.byIndex(`h.machine_id = ${given.value(uuid('machineId', filter.machineId))}::uuid`)
  if (filter.from !== undefined)
    given.byIndex(`h."timestamp" >= ${given.value(date('from', filter.from))}::timestamptz`)
  if (filter.to !== undefined) given.byIndex(`h."timestamp" < ${given.value(date('to', filter.to))}::timestamptz`)
  if (filter.sessionId !== undefined)
    given.byScan(`h.session_id = ${given.value(uuid('sessionId', filter.sessionId))}::uuid`)
  if (filter.process !== undefined) given.byScan(`h.process = ${given.value(processName(filter.process))}::text`)
  if (filter.event !== undefined) given.byScan(`h.what = ${given.value(text('event', filter.event, 64))}::text`)
  if (filter.search !== undefined) {
    const pattern = given.pattern(text('search', filter.search, 256), 'anywhere')
    given.byScan(`(h.why ILIKE ${pattern}::text OR h.who ILIKE ${pattern}::text)`)
  }
  // Only work has events; actions of operators have names of their own.
  const from = filter.event !== undefined && kind === undefined ? 'work' : (kind ?? 'both')
  const page = await readPage<Row>(
    database,
    {
      what: 'reading the history',
      base: `(${bases[from]}) AS h`,
      columns: 'h.kind, h.id, h."timestamp", h.machine_id, h.process, h.session_id, h.what, h.who, h.why, h.token',
      conditions: given,
      key: [
        { column: 'h."timestamp"', type: 'timestamptz' },
        { column: 'h.id', type: 'uuid' },
      ],
      descending: true,
    },
    filter,
  )
  return { rows: page.rows.map(shown), next: page.next }
}

interface Row {
  readonly kind: 'work' | 'operator'
  readonly id: string
  readonly timestamp: Date
  readonly machine_id: string | null
  readonly process: string | null
  readonly session_id: string | null
  readonly what: string
  readonly who: string
  readonly why: string | null
  readonly token: string | null
}

function shown(row: Row): FleetEvent {
  const { kind, id, timestamp } = row
  if (kind === 'operator')
    return {
      kind,
      id,
      timestamp,
      operator: row.who,
      action: row.what,
      reason: row.why!,
      machineId: row.machine_id,
      process: row.process,
      sessionId: row.session_id,
    }
  return {
    kind,
    id,
    timestamp,
    machineId: row.machine_id!,
    process: row.process!,
    event: row.what as HistoryEvent,
    sessionId: row.session_id!,
    component: row.who,
    token: row.token!,
    cause: row.why,
  }
}
