import { uuid } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import { processName } from '../work/process-name.ts'
import { Conditions } from './lists.ts'
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
  /** Only what is alive but past the deadline of its progress. */
  readonly stuck?: true | undefined
}

const stuck = '(l.session_deadline > now() AND coalesce(p.progress_deadline <= now(), false))'

/** Work that is held, by machine. */
export function listHeldWork(database: Database, filter: HeldWorkFilter = {}): Promise<Page<HeldWorkRow>> {
  const given = new Conditions()
  if (filter.process !== undefined) given.add(`w.process = ${given.value(processName(filter.process))}::text`)
  if (filter.machineId !== undefined)
    given.add(`w.machine_id = ${given.value(uuid('machineId', filter.machineId))}::uuid`)
  if (filter.sessionId !== undefined)
    given.add(`w.session_id = ${given.value(uuid('sessionId', filter.sessionId))}::uuid`)
  if (filter.stuck === true) given.add(stuck)
  return readPage(
    database,
    {
      what: 'listing work',
      select: `SELECT w.machine_id AS "machineId", w.process, w.work_token::text AS token, w.work_started_at AS "startedAt",
          w.session_id AS "sessionId", s.session_component_name AS component, s.session_runtime_info AS "runtimeInfo",
          l.session_deadline AS deadline, l.session_deadline > now() AS alive,
          CASE WHEN p.machine_id IS NULL THEN NULL ELSE json_build_object(
            'message', p.message, 'percent', p.percent, 'at', p.reported_at, 'deadline', p.progress_deadline) END AS progress,
          ${stuck} AS stuck, r.requested_by AS "releaseBy"
        FROM work AS w
        JOIN sessions AS s ON s.session_id = w.session_id
        JOIN session_leases AS l ON l.session_id = w.session_id
        LEFT JOIN work_progress AS p
          ON p.machine_id = w.machine_id AND p.process = w.process AND p.work_token = w.work_token
        LEFT JOIN work_releases AS r
          ON r.machine_id = w.machine_id AND r.process = w.process AND r.work_token = w.work_token`,
      ...given.all,
      key: [
        { column: 'w.machine_id', type: 'uuid' },
        { column: 'w.process', type: 'text' },
      ],
    },
    filter,
  )
}
