import { join } from 'node:path'
import { BMDB, type BMDBConfig, type Connection, type Logger, type PrismaClient } from '@bmdb/core'
import { filesHash, testDatabases, type TestDatabase as KitDatabase } from '@bmdb/testing'
import { onTestFinished } from 'vitest'
import { startRunner, type Process, type Runner, type RunnerEvents, type RunnerOptions } from '../src/index.ts'

/** A database of one test's own, migrated. */
export interface TestDatabase extends Pick<KitDatabase, 'url' | 'sql'> {
  /** Opens it; closed when the test is over. */
  open(config?: Partial<BMDBConfig>): Promise<Connection<PrismaClient>>
  /** Registers machines, the first one the oldest. */
  addMachines(count: number): Promise<string[]>
  /** The events of a machine, oldest first. */
  events(machineId: string): Promise<string[]>
  count(table: string): Promise<number>
}

const databases = testDatabases({
  serverUrl: process.env['BMDB_TEST_DATABASE_URL'],
  templateName: `bmdb-${filesHash(join(import.meta.dirname, '../../../prisma/migrations'))}`,
  prepare: (databaseUrl) => new BMDB({ databaseUrl, componentName: 'template' }).open({ migrate: true }),
})

export async function testDatabase(): Promise<TestDatabase> {
  const { url, sql, drop } = await (await databases).create()
  onTestFinished(() => drop())
  return {
    url,
    sql,
    async open(config = {}) {
      const connection = await new BMDB({ databaseUrl: url, componentName: 'test', ...config }).open()
      onTestFinished(() => connection.close())
      return connection
    },
    async addMachines(count) {
      const rows = await sql<{ machine_id: string }>(
        `INSERT INTO machines (machine_created_at)
         SELECT now() - interval '1 day' + n * interval '1 second' FROM generate_series(1, $1) AS n
         RETURNING machine_id`,
        count,
      )
      return rows.map((row) => row.machine_id)
    },
    async events(machineId) {
      const rows = await sql<{ event: string }>(
        `SELECT event FROM work_history WHERE machine_id = $1::uuid ORDER BY process, work_token, timestamp`,
        machineId,
      )
      return rows.map((row) => row.event)
    },
    async count(table) {
      const rows = await sql<{ n: number }>(`SELECT count(*)::int4 AS n FROM ${table}`)
      return rows[0]!.n
    },
  }
}

/** A database with so many machines, a connection, and runners that stop when the test is over. */
export async function fleet(machines: number, config: Partial<BMDBConfig> = {}) {
  const database = await testDatabase()
  const machineIds = await database.addMachines(machines)
  const connection = await database.open(config)
  return { database, connection, machineIds, start: (...given: Starting) => start(connection, ...given) }
}

type Starting = [processes: readonly Process<PrismaClient>[], options?: Partial<RunnerOptions<PrismaClient>>]

/** A runner that remembers what it told. */
export async function start(connection: Connection<PrismaClient>, ...[processes, options]: Starting) {
  const log = recordingLogger()
  const runner = await startRunner(connection, { processes, logger: log, drainSeconds: 0, ...options })
  onTestFinished(() => runner.stop())
  return Object.assign(listen(runner), { runner, log })
}

export interface Told {
  /** What was told under a name so far. */
  readonly told: <Name extends keyof RunnerEvents>(name: Name) => RunnerEvents[Name][]
  /** Resolves with the `times`-th event of that name. */
  readonly until: <Name extends keyof RunnerEvents>(
    name: Name,
    times?: number,
    limitMs?: number,
  ) => Promise<RunnerEvents[Name]>
}

const names = [
  ...['sessionStarted', 'sessionLost', 'claimed', 'idle', 'claimFailed', 'finished', 'failed', 'snoozed', 'parked'],
  ...['canceled', 'lost', 'unknown', 'stuck', 'abandoned', 'blocked', 'stopping', 'stopped'],
] as (keyof RunnerEvents)[]

function listen(runner: Runner<PrismaClient>): Told {
  const all: { name: keyof RunnerEvents; event: unknown }[] = []
  for (const name of names) runner.on(name, (event) => void all.push({ name, event }))
  const told = <Name extends keyof RunnerEvents>(name: Name) =>
    all.filter((one) => one.name === name).map((one) => one.event as RunnerEvents[Name])
  return {
    told,
    until: (name, times = 1, limitMs = 15_000) =>
      eventually(
        () => `${name}, ${times} times; so far: ${all.map((one) => one.name).join(' ')}`,
        () => told(name)[times - 1],
        limitMs,
      ),
  }
}

/** Resolves with the first value of `look` that is none of undefined, null and false, asked again and again. */
export async function eventually<T>(
  what: string | (() => string),
  look: () => T | Promise<T>,
  limitMs = 15_000,
): Promise<Exclude<T, undefined | null | false>> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const value = await look()
    if (value !== undefined && value !== null && value !== false) return value as Exclude<T, undefined | null | false>
    if (performance.now() > endMs)
      throw new Error(`it did not come about within ${limitMs} ms: ${typeof what === 'string' ? what : what()}`)
    await pause(10)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Waits for a signal's abort, as a run does that waits for nothing else; rejects with its reason. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
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

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: Record<string, unknown> | undefined
}

export function recordingLogger(): Logger & { lines: LogLine[]; said(message: string): LogLine[] } {
  const lines: LogLine[] = []
  const to = (level: string) => (message: string, fields?: Record<string, unknown>) => {
    lines.push({ level, message, fields })
  }
  return {
    lines,
    said: (message) => lines.filter((line) => line.message === message),
    debug: to('debug'),
    info: to('info'),
    warn: to('warn'),
    error: to('error'),
  }
}
