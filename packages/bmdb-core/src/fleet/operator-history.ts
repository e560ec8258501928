import { uuid } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import { Conditions } from './conditions.ts'
import { readPage, type Page, type PageOptions } from './page.ts'

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
export async function listOperatorHistory(
  database: Database,
  filter: OperatorHistoryFilter = {},
): Promise<Page<OperatorHistoryRow>> {
  const given = new Conditions()
  if (filter.machineId !== undefined)
    given.byIndex(`h.machine_id = ${given.value(uuid('machineId', filter.machineId))}::uuid`)
  return readPage(
    database,
    {
      what: 'listing what operators did',
      base: 'operator_history AS h',
      columns: `h.operator_history_id AS id, h."timestamp", h.operator, h.action, h.reason,
        h.machine_id AS "machineId", h.process, h.session_id AS "sessionId"`,
      conditions: given,
      key: [
        { column: 'h."timestamp"', type: 'timestamptz' },
        { column: 'h.operator_history_id', type: 'uuid' },
      ],
      descending: true,
    },
    filter,
  )
}
