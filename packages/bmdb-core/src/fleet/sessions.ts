import { date, invalid, text, uuid } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import { Conditions } from './conditions.ts'
import { readPage, type Page, type PageOptions } from './page.ts'

/** A session, as operators see it. */
export interface SessionRow {
  readonly id: string
  readonly component: string
  readonly runtimeInfo: string
  readonly createdAt: Date
  readonly intervalSeconds: number
  /** When its last beat arrived: its deadline less the interval. */
  readonly lastBeatAt: Date
  readonly deadline: Date
  /** False once its deadline passed: others may take over what it holds. */
  readonly alive: boolean
  /** How many pieces of work it holds. */
  readonly held: number
}

/** Options of `fleet.sessions`. */
export interface SessionFilter extends PageOptions {
  readonly id?: string | undefined
  /** Only those that are alive, or only those that expired. Default: all. */
  readonly alive?: boolean | undefined
  readonly component?: string | undefined
  /** Only those that were started by then. */
  readonly startedBy?: Date | undefined
  /** By start. Default `oldest`: the oldest first. */
  readonly order?: 'oldest' | 'newest' | undefined
}

/** Sessions that have not ended. */
export async function listSessions(database: Database, filter: SessionFilter = {}): Promise<Page<SessionRow>> {
  const { order = 'oldest' } = filter
  if (order !== 'oldest' && order !== 'newest') invalid('order', order, 'oldest or newest')
  const given = new Conditions()
  if (filter.id !== undefined) given.byIndex(`s.session_id = ${given.value(uuid('id', filter.id))}::uuid`)
  if (filter.alive !== undefined) given.byScan(`l.session_deadline ${filter.alive ? '>' : '<='} now()`)
  if (filter.startedBy !== undefined)
    given.byIndex(`s.session_created_at <= ${given.value(date('startedBy', filter.startedBy))}::timestamptz`)
  addComponent(given, filter.component)
  return readPage(
    database,
    {
      what: 'listing sessions',
      base: 'sessions AS s',
      columns: `s.session_id AS id, s.session_component_name AS component, s.session_runtime_info AS "runtimeInfo",
        s.session_created_at AS "createdAt", s.session_interval_seconds AS "intervalSeconds",
        l.session_deadline - s.session_interval_seconds * interval '1 second' AS "lastBeatAt",
        l.session_deadline AS deadline, l.session_deadline > now() AS alive,
        (SELECT count(*)::int4 FROM work AS w WHERE w.session_id = s.session_id) AS held`,
      joins: `JOIN LATERAL (
          SELECT x.session_deadline FROM session_leases AS x WHERE x.session_id = s.session_id OFFSET 0) AS l ON true`,
      conditions: given,
      key: [
        { column: 's.session_created_at', type: 'timestamptz' },
        { column: 's.session_id', type: 'uuid' },
      ],
      descending: order === 'newest',
    },
    filter,
  )
}

/** A session that is over. */
export interface EndedSessionRow {
  readonly id: string
  readonly component: string
  readonly runtimeInfo: string
  readonly createdAt: Date
  readonly intervalSeconds: number
  readonly endedAt: Date
  readonly how: 'closed' | 'expired' | 'ended by an operator'
  /** Who ended it and why, in words. */
  readonly reason: string | null
}

/** Options of `fleet.endedSessions`. */
export interface EndedSessionFilter extends PageOptions {
  readonly id?: string | undefined
  readonly component?: string | undefined
}

/** Sessions that are over, the last one first. */
export async function listEndedSessions(
  database: Database,
  filter: EndedSessionFilter = {},
): Promise<Page<EndedSessionRow>> {
  const given = new Conditions()
  if (filter.id !== undefined) given.byIndex(`s.session_id = ${given.value(uuid('id', filter.id))}::uuid`)
  addComponent(given, filter.component)
  return readPage(
    database,
    {
      what: 'listing ended sessions',
      base: 'session_history AS s',
      columns: `s.session_id AS id, s.session_component_name AS component, s.session_runtime_info AS "runtimeInfo",
        s.session_created_at AS "createdAt", s.session_interval_seconds AS "intervalSeconds",
        s.session_ended_at AS "endedAt", s.reason,
        CASE s.event WHEN 'Closed' THEN 'closed' WHEN 'Expired' THEN 'expired' ELSE 'ended by an operator' END AS how`,
      conditions: given,
      key: [
        { column: 's.session_ended_at', type: 'timestamptz' },
        { column: 's.session_id', type: 'uuid' },
      ],
      descending: true,
    },
    filter,
  )
}

function addComponent(given: Conditions, component: string | undefined): void {
  if (component !== undefined)
    given.byScan(`s.session_component_name = ${given.value(text('component', component, 128))}::text`)
}
