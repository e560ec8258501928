import { BMDB, type Fleet, type Page } from '@bmdb/core'
import type { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { explainingServer, largeScans } from './auto-explain.ts'

const machines = 30_000
/** One page may look at 5000 rows: of a table that has hardly more it may read all. */
const large = 11_000

/** Fills what operators page through: 30 000 machines, 12 000 of them held by as many sessions, and as many in backoff. */
async function fill(admin: Client): Promise<void> {
  for (const statement of [
    `INSERT INTO machines (machine_created_at) SELECT now() FROM generate_series(1, ${machines})`,
    `INSERT INTO machine_bmc SELECT machine_id, 'http://10.0.0.1' FROM machines`,
    `INSERT INTO machine_failure_domains
     SELECT machine_id, 'rack', 'r' || row_number() OVER () / 40 FROM machines`,
    `WITH s AS (INSERT INTO sessions (session_id, session_component_name, session_runtime_info, session_interval_seconds)
                SELECT gen_random_uuid(), 'test', '', 3600 FROM generate_series(1, 12000) RETURNING session_id)
     INSERT INTO session_leases (session_id, session_deadline) SELECT session_id, now() + interval '1 hour' FROM s`,
    `INSERT INTO session_history SELECT gen_random_uuid(), 'test', '', now(), 5, now(), 'Closed', ''
     FROM generate_series(1, 12000)`,
    `INSERT INTO work (machine_id, session_id, process, work_token)
     SELECT m.machine_id, s.session_id, 'P', 1
     FROM (SELECT machine_id, row_number() OVER () AS n FROM machines) AS m
     JOIN (SELECT session_id, row_number() OVER () AS n FROM sessions) AS s ON s.n = m.n`,
    `INSERT INTO work_progress (machine_id, process, work_token, message, progress_deadline)
     SELECT machine_id, process, work_token, 'flashing', now() + interval '1 hour' FROM work`,
    `INSERT INTO work_backoff (machine_id, process, until, cause, parked_at)
     SELECT machine_id, 'P', now() + interval '1 hour', 'no answer', CASE WHEN n % 100 = 0 THEN now() END
     FROM (SELECT machine_id, row_number() OVER () AS n FROM machines) AS m WHERE n > 18000`,
    `INSERT INTO work_history (work_history_id, machine_id, process, event, session_id, component_name, work_token)
     SELECT gen_random_uuid(), machine_id, 'P', 'Started', gen_random_uuid(), 'test', 1 FROM machines`,
    `INSERT INTO operator_history (operator_history_id, operator, action, reason, machine_id)
     SELECT gen_random_uuid(), 'ann', 'release', 'because', machine_id FROM machines`,
  ])
    await admin.query(statement)
}

/** Every list, with every filter and order. */
function lists(
  fleet: Fleet,
  machineId: string,
  sessionId: string,
): Record<string, (after?: string) => Promise<unknown>> {
  const yesterday = new Date(Date.now() - 86_400_000)
  const all: Record<string, (page: { after?: string | undefined }) => Promise<Page<unknown>>> = {
    machines: (page) => fleet.machines(page),
    'machines of an address': (page) => fleet.machines({ ...page, search: 'nowhere' }),
    'machines whose id begins so': (page) => fleet.machines({ ...page, search: machineId.slice(0, 8) }),
    'machines of a rack': (page) => fleet.machines({ ...page, failureDomain: { kind: 'rack', domain: 'r7' } }),
    'machines that are retired': (page) => fleet.machines({ ...page, retired: true }),
    'machines that are locked out': (page) => fleet.machines({ ...page, lockedOut: true }),
    'machines that are held': (page) => fleet.machines({ ...page, process: 'P', state: 'held' }),
    'machines that are parked': (page) => fleet.machines({ ...page, process: 'P', state: 'parked' }),
    'machines without a fact': (page) => fleet.machines({ ...page, withoutFact: 'bmc' }),
    sessions: (page) => fleet.sessions({ ...page, order: 'newest' }),
    'sessions of a component': (page) => fleet.sessions({ ...page, component: 'other' }),
    'sessions that expired': (page) => fleet.sessions({ ...page, alive: false }),
    'a session': (page) => fleet.sessions({ ...page, id: sessionId }),
    'ended sessions': (page) => fleet.endedSessions(page),
    'work, oldest first': (page) => fleet.work({ ...page, order: 'oldest' }),
    'work, newest first': (page) => fleet.work({ ...page, order: 'newest' }),
    'work that is stuck': (page) => fleet.work({ ...page, stuck: true }),
    'work of a process': (page) => fleet.work({ ...page, process: 'Q' }),
    'work of a session': (page) => fleet.work({ ...page, sessionId }),
    backoffs: (page) => fleet.backoffs(page),
    'backoffs, soonest first': (page) => fleet.backoffs({ ...page, order: 'until' }),
    'what is parked': (page) => fleet.backoffs({ ...page, order: 'parked' }),
    'backoffs of a machine': (page) => fleet.backoffs({ ...page, machineId }),
    history: (page) => fleet.history(page),
    'history of operators': (page) => fleet.history({ ...page, kind: 'operator' }),
    'history of a machine': (page) => fleet.history({ ...page, machineId }),
    'history of a day': (page) => fleet.history({ ...page, from: yesterday, to: new Date() }),
    'history with a word': (page) => fleet.history({ ...page, search: 'nowhere' }),
    'history of an event': (page) => fleet.history({ ...page, event: 'Failed' }),
    'a machine': async () => ({ rows: [await fleet.machine(machineId)], next: null }),
    'filters of machines': async () => ({ rows: [await fleet.machineFilters()], next: null }),
    'whether anything happened': async () => ({ rows: [await fleet.pulse()], next: null }),
    'why a machine is not worked on': async () => ({ rows: [await fleet.explain(machineId, 'P')], next: null }),
  }
  // The first part, and the one behind it.
  return Object.fromEntries(
    Object.entries(all).map(([name, list]) => [
      name,
      async () => {
        const { next } = await list({})
        if (next !== null) await list({ after: next })
      },
    ]),
  )
}

test(
  'no list of operators reads a whole table that is large, by old statistics or new ones',
  { timeout: 60_000 },
  async () => {
    const { url, admin, wholeScans } = await explainingServer()
    await admin.query('ANALYZE')
    await fill(admin)
    const connection = await new BMDB({ databaseUrl: url, componentName: 'test' }).open()
    onTestFinished(() => connection.close())
    const one = async (query: string): Promise<string> => (await admin.query<{ id: string }>(query)).rows[0]!.id
    const machineId = await one('SELECT machine_id AS id FROM work LIMIT 1')
    const sessionId = await one('SELECT session_id AS id FROM work LIMIT 1')
    for (const statistics of ['of when tables were empty', 'of now']) {
      if (statistics === 'of now') await admin.query('ANALYZE')
      const found: Record<string, string[]> = {}
      for (const [name, list] of Object.entries(lists(connection.fleet, machineId, sessionId))) {
        const before = wholeScans().length
        await list()
        const scans = await largeScans(admin, wholeScans().slice(before), large)
        if (scans.length > 0) found[name] = scans
      }
      expect(found, `statistics ${statistics}`).toEqual({})
    }
  },
)
