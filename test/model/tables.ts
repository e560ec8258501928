import type { Rows } from './force.ts'
import { keyOf, machines, type Machine, type Model } from './model.ts'

/** The rows of all tables, as the model and the database are compared by them. */
export interface Tables {
  readonly sessions: readonly string[]
  readonly work: readonly string[]
  readonly tokens: readonly string[]
  readonly backoffs: readonly string[]
  /** Of each machine and process, in the order in which it happened. */
  readonly history: readonly string[]
  readonly values: readonly (readonly number[])[]
}

/** What should be there. */
export function tablesOf(model: Model): Tables {
  const history = model.journal.flatMap((entry) => ('process' in entry ? [entry] : []))
  return {
    sessions: model.sessions.flatMap(({ row }, index) => (row === 'gone' ? [] : [`${index} ${row}`])),
    work: model.work.map((held) => `${keyOf(held)} ${held.session} ${held.token}`).sort(),
    tokens: Object.entries(model.tokens)
      .map(([key, token]) => `${key} ${token}`)
      .sort(),
    backoffs: model.backoffs.map((row) => `${keyOf(row)} ${row.seconds} ${row.past ? 'past' : 'in force'}`).sort(),
    history: byKey(history.map((row) => ({ ...row, key: keyOf(row) }))),
    values: model.values,
  }
}

/** What is there. */
export async function readTables({ client, machineIds, sessionIds }: Rows): Promise<Tables> {
  const ask = async (text: string, ids: readonly string[]): Promise<readonly Row[]> =>
    (await client.query<Row>(text, [ids])).rows
  const machine = (row: Row): Machine => machines[machineIds.indexOf(row.machine_id)]!
  const session = (row: Row): number => sessionIds.indexOf(row.session_id)
  const key = (row: Row): string => keyOf({ machine: machine(row), process: row.process as 'P' })
  const sessions = await ask(
    'SELECT session_id, session_alive FROM session_status WHERE session_id = ANY($1)',
    sessionIds,
  )
  const work = await ask('SELECT *, work_token AS token FROM work WHERE machine_id = ANY($1)', machineIds)
  const tokens = await ask('SELECT * FROM work_tokens WHERE machine_id = ANY($1)', machineIds)
  const backoffs = await ask(
    `SELECT machine_id, process, last_interval_seconds, until > now() AS in_force,
            abs(extract(epoch FROM until - now()) - last_interval_seconds) < 60 AS as_long
     FROM work_backoff WHERE machine_id = ANY($1)`,
    machineIds,
  )
  const history = await ask(
    `SELECT *, work_token AS token FROM work_history WHERE machine_id = ANY($1)
     ORDER BY "timestamp", work_token, event <> 'Started'`,
    machineIds,
  )
  const reports = await ask(
    'SELECT * FROM machine_hardware_report WHERE machine_id = ANY($1) ORDER BY machine_id',
    machineIds,
  )
  const force = (row: Row): string => (!row.in_force ? 'past' : row.as_long ? 'in force' : 'of another length')
  return {
    sessions: sessions.map((row) => `${session(row)} ${row.session_alive ? 'live' : 'expired'}`).sort(),
    work: work.map((row) => `${key(row)} ${session(row)} ${row.token}`).sort(),
    tokens: tokens.map((row) => `${key(row)} ${row.token}`).sort(),
    backoffs: backoffs.map((row) => `${key(row)} ${row.last_interval_seconds} ${force(row)}`).sort(),
    history: byKey(
      history.map((row) => ({ key: key(row), session: session(row), event: row.event, token: row.token })),
    ),
    values: reports.map((row) => row.hardware_report),
  }
}

function byKey(
  rows: readonly { key: string; session: number; event: string; token: number | string }[],
): readonly string[] {
  const keys = [...new Set(rows.map((row) => row.key))].sort()
  return keys.flatMap((key) =>
    rows.filter((row) => row.key === key).map((row) => `${key} ${row.event} ${row.session} ${row.token}`),
  )
}

interface Row {
  readonly machine_id: string
  readonly session_id: string
  readonly session_alive: boolean
  readonly process: string
  readonly token: string
  readonly event: string
  readonly last_interval_seconds: string
  readonly in_force: boolean
  readonly as_long: boolean
  readonly hardware_report: readonly number[]
}
