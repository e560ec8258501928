import { Client } from 'pg'
import { onTestFinished } from 'vitest'
import type { Counters, Logger, Metrics } from '../src/index.ts'
import type { TestDatabase } from './setup.ts'

export { gate } from '@bmdb/testing'

/** Resolves with the first truthy value of `look`, asked again and again; rejects after `limitMs`. */
export async function eventually<T>(what: string, look: () => T | Promise<T>, limitMs = 10_000): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    const value = await look()
    if (value) return value
    if (performance.now() > end) throw new Error(`it did not come about within ${limitMs} ms: ${what}`)
    await pause(10)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Resolves with the signal's reason when it aborts. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    else signal.addEventListener('abort', () => resolve(signal.reason), { once: true })
  })
}

/** What `promise` rejects with; fails if it does not. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const settled = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in settled) return settled.error as Error
  throw new Error(`it resolved with ${String(settled.value)}, where it should have rejected`)
}

/** A connection of its own, for locks and for sabotage. Ended when the test is over. */
export async function plainClient(database: TestDatabase): Promise<Client> {
  const client = new Client({ connectionString: database.url, application_name: 'test' })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  return client
}

/** Waits until somebody in the database waits for a lock. */
export async function somebodyWaits(database: TestDatabase, about = ''): Promise<void> {
  await eventually('somebody waits for a lock', async () => {
    const rows = await database.sql(
      `SELECT 1 FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
      `%${about}%`,
    )
    return rows.length > 0
  })
}

/** Ends a session's lease in the database, as if it had not been heard of for long. */
export async function expire(database: TestDatabase, sessionId: string, secondsAgo = 1): Promise<void> {
  await database.sql(
    `UPDATE session_leases SET session_deadline = clock_timestamp() - $2::float8 * interval '1 second'
     WHERE session_id = $1::uuid`,
    sessionId,
    secondsAgo,
  )
}

export async function count(database: TestDatabase, table: string): Promise<number> {
  const rows = await database.sql<{ n: number }>(`SELECT count(*)::int4 AS n FROM ${table}`)
  return rows[0]!.n
}

/**
 * Makes the first `times` inserts into a table fail with an SQLSTATE: at the statement, or at COMMIT.
 * `doing` is run before, in PL/pgSQL, each time.
 */
export async function failInserts(
  database: TestDatabase,
  setting: { sqlState?: string; times?: number; at?: 'statement' | 'commit'; table?: string; doing?: string },
): Promise<void> {
  const { sqlState, times = 1, at = 'commit', table = 'machines', doing = '' } = setting
  const raise =
    sqlState === undefined
      ? ''
      : `IF nextval('inserts') <= ${times} THEN RAISE EXCEPTION 'made to fail' USING ERRCODE = '${sqlState}'; END IF;`
  const deferred = at === 'commit' ? 'DEFERRABLE INITIALLY DEFERRED' : ''
  await database.sql('CREATE SEQUENCE inserts')
  await database.sql(
    `CREATE FUNCTION fail_insert() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN ${doing} ${raise} RETURN NULL; END $$`,
  )
  await database.sql(
    `CREATE CONSTRAINT TRIGGER fail_insert AFTER INSERT ON ${table} ${deferred}
     FOR EACH ROW EXECUTE FUNCTION fail_insert()`,
  )
}

/** Makes the server forget how transactions ended, as it does with very old ones: for connections from now on. */
export async function forgetOutcomes(database: TestDatabase): Promise<void> {
  await database.sql(`CREATE FUNCTION pg_xact_status(xid8) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'`)
  await database.sql(
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$`,
  )
}

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: Record<string, unknown> | undefined
}

export function recordingLogger(): Logger & { lines: LogLine[]; at(...levels: string[]): LogLine[] } {
  const lines: LogLine[] = []
  const to = (level: string) => (message: string, fields?: Record<string, unknown>) => {
    lines.push({ level, message, fields })
  }
  return {
    lines,
    at: (...levels) => lines.filter((line) => levels.includes(line.level)),
    debug: to('debug'),
    info: to('info'),
    warn: to('warn'),
    error: to('error'),
  }
}

export function recordingMetrics(): Metrics & {
  counted(name: keyof Counters, labels?: Record<string, string>): number
  observed: { name: string; seconds: number }[]
} {
  const counts: { name: string; labels: Record<string, string>; by: number }[] = []
  const observed: { name: string; seconds: number }[] = []
  return {
    observed,
    count: (name, labels, by = 1) => void counts.push({ name, labels, by }),
    observe: (name, _labels, seconds) => void observed.push({ name, seconds }),
    counted: (name, labels = {}) =>
      counts
        .filter((one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value))
        .reduce((sum, one) => sum + one.by, 0),
  }
}

/** The URL of another database on the same server. */
export function urlOf(database: TestDatabase, name: string): string {
  const url = new URL(database.url)
  url.pathname = `/${name}`
  return url.href
}

/** An empty database beside the test's own, dropped when the test is over. */
export async function emptyDatabase(database: TestDatabase): Promise<string> {
  const name = `empty_${Math.random().toString(36).slice(2)}`
  await database.sql(`CREATE DATABASE ${name} TEMPLATE template0`)
  onTestFinished(async () => {
    const admin = new Client({ connectionString: urlOf(database, 'postgres') })
    await admin.connect()
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    await admin.end()
  })
  return urlOf(database, name)
}
