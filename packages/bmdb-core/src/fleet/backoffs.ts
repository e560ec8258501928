import { invalid, uuid } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import { processName } from '../work/process-name.ts'
import { Conditions } from './conditions.ts'
import { readPage, type Page, type PageOptions } from './page.ts'

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
  /**
   * By machine; by when it ends, soonest first, which leaves out what is parked; or by when it was parked, latest first, and
   * only what is. Default `machine`.
   */
  readonly order?: 'machine' | 'until' | 'parked' | undefined
}

const byMachine = [
  { column: 'b.machine_id', type: 'uuid' },
  { column: 'b.process', type: 'text' },
] as const
const keys = {
  machine: byMachine,
  until: [{ column: 'b.until', type: 'timestamptz' }, ...byMachine],
  parked: [{ column: 'b.parked_at', type: 'timestamptz' }, ...byMachine],
} as const

/** Backoffs in force, and what is parked. */
export async function listBackoffs(database: Database, filter: BackoffFilter = {}): Promise<Page<BackoffRow>> {
  const { order = 'machine', parked } = filter
  if (!Object.hasOwn(keys, order)) invalid('order', order, 'one of machine, until, parked')
  const given = new Conditions()
  if (order === 'until') given.byIndex('b.until > now()')
  if (order === 'parked') given.byIndex('b.parked_at IS NOT NULL')
  if (order === 'machine') given.byScan('(b.parked_at IS NOT NULL OR b.until > now())')
  if (parked !== undefined || order === 'until') given.byScan(`b.parked_at IS ${parked === true ? 'NOT ' : ''}NULL`)
  if (filter.process !== undefined) given.byScan(`b.process = ${given.value(processName(filter.process))}::text`)
  if (filter.machineId !== undefined)
    given.byIndex(`b.machine_id = ${given.value(uuid('machineId', filter.machineId))}::uuid`)
  return readPage(
    database,
    {
      what: 'listing backoffs',
      base: 'work_backoff AS b',
      columns: `b.machine_id AS "machineId", b.process, b.until, b.cause, b.attempts::int4 AS attempts,
        b.parked_at AS "parkedAt", b.parked_by AS "parkedBy", b.parked_reason AS "parkedReason"`,
      conditions: given,
      key: keys[order],
      descending: order === 'parked',
    },
    filter,
  )
}
