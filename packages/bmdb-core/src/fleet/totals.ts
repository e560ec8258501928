import type { QueryResultRow } from 'pg'
import type { Database } from '../database/database.ts'
import { readOwn } from '../database/own-statements.ts'
import { TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import { factTables } from './facts.ts'

/** How many machines there are. */
export interface MachineCounts {
  readonly inService: number
  readonly retired: number
  /** Under a lock-out in force. */
  readonly lockedOut: number
}

/** Counts all machines: its cost grows with them. */
export async function countMachines(database: Database, options: WaitOptions = {}): Promise<MachineCounts> {
  return one<MachineCounts>(
    database,
    'counting machines',
    `SELECT count(*) FILTER (WHERE machine_retired_at IS NULL)::int4 AS "inService",
            count(machine_retired_at)::int4 AS retired,
            (SELECT count(*)::int4 FROM machine_locked_out) AS "lockedOut"
     FROM machines`,
    options,
  )
}

/** How many sessions there are. */
export interface SessionCounts {
  readonly alive: number
  /** Past their deadline, and not ended by anybody yet. */
  readonly expired: number
}

/** Counts the sessions that have not ended. */
export async function countSessions(database: Database, options: WaitOptions = {}): Promise<SessionCounts> {
  return one<SessionCounts>(
    database,
    'counting sessions',
    `SELECT count(*) FILTER (WHERE session_deadline > now())::int4 AS alive,
            count(*) FILTER (WHERE session_deadline <= now())::int4 AS expired
     FROM session_leases`,
    options,
  )
}

/** What changes when anything that operators look at does. */
export interface Pulse {
  /** The database's clock. */
  readonly now: Date
  /** Another one after something happened to work or sessions, or by operators. Progress and beats do not change it. */
  readonly version: string
}

/** Looks whether anything happened: the newest row of each history. Costs a few look-ups in indexes. */
export async function readPulse(database: Database, options: WaitOptions = {}): Promise<Pulse> {
  const newest = (table: string, key: string, time: string): string =>
    // Several, since what is committed late has an earlier time than what is there.
    `(SELECT coalesce(string_agg(n.id, ' '), '-') FROM (
        SELECT t.${key}::text AS id FROM ${table} AS t ORDER BY t.${time} DESC, t.${key} DESC LIMIT 8) AS n)`
  return one<Pulse>(
    database,
    'looking for changes',
    `SELECT clock_timestamp() AS now, md5(concat_ws(' ',
       ${newest('work_history', 'work_history_id', '"timestamp"')},
       ${newest('operator_history', 'operator_history_id', '"timestamp"')},
       ${newest('sessions', 'session_id', 'session_created_at')},
       ${newest('session_history', 'session_id', 'session_ended_at')})) AS version`,
    options,
  )
}

/** What machines can be filtered by. */
export interface MachineFilters {
  /** Names of facts, such as `bmc`. */
  readonly facts: readonly string[]
  /** Kinds of failure domains, with the first 1000 domains of each. */
  readonly failureDomains: readonly { readonly kind: string; readonly domains: readonly string[] }[]
}

/** Looks for the values that filters of machines can have, each by a step along the index. */
export async function readMachineFilters(database: Database, options: WaitOptions = {}): Promise<MachineFilters> {
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError('looking for filters', ms))
  const facts = await factTables(database, { signal: limit.signal, timeoutMs: Math.max(1, limit.remainingMs()) })
  const { rows } = await readOwn(database, limit, 'looking for filters', (connection) =>
    connection.query<{ kind: string; domains: string[] }>({
      text: `
        WITH RECURSIVE kinds AS (
          (SELECT kind FROM machine_failure_domains ORDER BY kind LIMIT 1)
          UNION ALL
          SELECT (SELECT d.kind FROM machine_failure_domains AS d WHERE d.kind > k.kind ORDER BY d.kind LIMIT 1)
          FROM kinds AS k WHERE k.kind IS NOT NULL
        ), domains AS (
          SELECT k.kind, (SELECT d.failure_domain FROM machine_failure_domains AS d
                          WHERE d.kind = k.kind ORDER BY d.failure_domain LIMIT 1) AS failure_domain, 1 AS place
          FROM kinds AS k WHERE k.kind IS NOT NULL
          UNION ALL
          SELECT a.kind, (SELECT d.failure_domain FROM machine_failure_domains AS d
                          WHERE d.kind = a.kind AND d.failure_domain > a.failure_domain
                          ORDER BY d.failure_domain LIMIT 1), a.place + 1
          FROM domains AS a WHERE a.failure_domain IS NOT NULL AND a.place <= 1000
        )
        SELECT kind, array_agg(failure_domain ORDER BY failure_domain) AS domains
        FROM domains WHERE failure_domain IS NOT NULL AND place <= 1000 GROUP BY kind ORDER BY kind`,
    }),
  )
  return { facts: facts.map(({ fact }) => fact), failureDomains: rows }
}

async function one<Row>(database: Database, what: string, text: string, options: WaitOptions): Promise<Row> {
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError(what, ms))
  const { rows } = await readOwn(database, limit, what, (connection) =>
    connection.query<Row & QueryResultRow>({ text }),
  )
  return rows[0]!
}
