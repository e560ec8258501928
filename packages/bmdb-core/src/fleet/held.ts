import { date, invalid, uuid } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import { processName } from '../work/process-name.ts'
import { Conditions } from './conditions.ts'
import { readPage, type Page, type PageOptions } from './page.ts'

/** A piece of work that is held, as operators see it. Survives `JSON.stringify`. */
export interface HeldWorkRow {
  readonly machineId: string
  readonly process: string
  readonly token: string
  readonly startedAt: Date
  readonly sessionId: string
  readonly component: string
  readonly runtimeInfo: string
  readonly deadline: Date
  /** False once its session's deadline passed: anybody may take it over. */
  readonly alive: boolean
  /** What the holder reported last. */
  readonly progress: {
    readonly message: string
    readonly percent: number | null
    readonly at: string
    readonly deadline: string | null
  } | null
  /** Alive, and past the deadline of its last report. */
  readonly stuck: boolean
  /** The operator who asked for it, if one did. */
  readonly releaseBy: string | null
}

/** Options of `fleet.work`. */
export interface HeldWorkFilter extends PageOptions {
  readonly process?: string | undefined
  readonly machineId?: string | undefined
  readonly sessionId?: string | undefined
  /** Only what is alive but past the deadline of its progress, or only what is not. */
  readonly stuck?: boolean | undefined
  /** Only what was claimed by then. */
  readonly startedBy?: Date | undefined
  /** By machine, or by when it was claimed. Default `machine`. */
  readonly order?: 'machine' | 'oldest' | 'newest' | undefined
}

/** Alive, and past the deadline of its last report. By look-ups of its own, so that a list of it needs no others for the rest. */
const stuck = `EXISTS (
    SELECT 1 FROM work_progress AS x
    WHERE x.machine_id = w.machine_id AND x.process = w.process AND x.work_token = w.work_token
      AND x.progress_deadline <= now() OFFSET 0)
  AND EXISTS (
    SELECT 1 FROM session_leases AS x WHERE x.session_id = w.session_id AND x.session_deadline > now() OFFSET 0)`

const byMachine = [
  { column: 'w.machine_id', type: 'uuid' },
  { column: 'w.process', type: 'text' },
] as const
const byStart = [{ column: 'w.work_started_at', type: 'timestamptz' }, ...byMachine] as const
const keys = { machine: byMachine, oldest: byStart, newest: byStart } as const

/** Work that is held. */
export async function listHeldWork(database: Database, filter: HeldWorkFilter = {}): Promise<Page<HeldWorkRow>> {
  const { order = 'machine' } = filter
  if (!Object.hasOwn(keys, order)) invalid('order', order, 'one of machine, oldest, newest')
  const given = new Conditions()
  if (filter.process !== undefined) given.byScan(`w.process = ${given.value(processName(filter.process))}::text`)
  if (filter.machineId !== undefined)
    given.byIndex(`w.machine_id = ${given.value(uuid('machineId', filter.machineId))}::uuid`)
  if (filter.sessionId !== undefined)
    given.byIndex(`w.session_id = ${given.value(uuid('sessionId', filter.sessionId))}::uuid`)
  if (filter.stuck !== undefined) given.byScan(filter.stuck ? stuck : `NOT (${stuck})`)
  if (filter.startedBy !== undefined)
    given.byScan(`w.work_started_at <= ${given.value(date('startedBy', filter.startedBy))}::timestamptz`)
  return readPage(
    database,
    {
      what: 'listing work',
      base: 'work AS w',
      columns: `w.machine_id AS "machineId", w.process, w.work_token::text AS token, w.work_started_at AS "startedAt",
        w.session_id AS "sessionId", s.session_component_name AS component, s.session_runtime_info AS "runtimeInfo",
        l.session_deadline AS deadline, l.session_deadline > now() AS alive,
        CASE WHEN p.message IS NULL THEN NULL ELSE json_build_object(
          'message', p.message, 'percent', p.percent, 'at', p.reported_at, 'deadline', p.progress_deadline) END AS progress,
        (${stuck}) AS stuck, r.requested_by AS "releaseBy"`,
      joins: `JOIN LATERAL (
          SELECT x.session_component_name, x.session_runtime_info FROM sessions AS x
          WHERE x.session_id = w.session_id OFFSET 0) AS s ON true
        JOIN LATERAL (
          SELECT x.session_deadline FROM session_leases AS x WHERE x.session_id = w.session_id OFFSET 0) AS l ON true
        LEFT JOIN LATERAL (
          SELECT x.message, x.percent, x.reported_at, x.progress_deadline FROM work_progress AS x
          WHERE x.machine_id = w.machine_id AND x.process = w.process AND x.work_token = w.work_token OFFSET 0) AS p ON true
        LEFT JOIN LATERAL (
          SELECT x.requested_by FROM work_releases AS x
          WHERE x.machine_id = w.machine_id AND x.process = w.process AND x.work_token = w.work_token OFFSET 0) AS r ON true`,
      conditions: given,
      key: keys[order],
      descending: order === 'newest',
    },
    filter,
  )
}
