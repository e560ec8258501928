import { onTestFinished } from 'vitest'
import type { Connection, PrismaClient, Session } from '../src/index.ts'
import { eventually } from './helpers.ts'
import { testDatabase, type TestDatabase } from './setup.ts'
import { startProxy } from './proxy.ts'

export { eventually, gate, pause, plainClient, rejection } from './helpers.ts'

/** Long enough that no beat goes out during a test: a session that is expired by hand goes on believing that it holds. */
export const noBeats = { intervalSeconds: 60 }

/** A database with several machines and a connection; sessions are the test's to start. */
export async function testMachines(count: number) {
  const database = await testDatabase()
  const connection = await database.open()
  return { database, connection, machineIds: await addMachines(database, count) }
}

/** The same, with a session whose network can go wrong, on a connection of its own. */
export async function machinesBehindProxy(count: number, config: { poolSize?: number } = {}) {
  const made = await testMachines(count)
  const { proxy, url } = await startProxy(made.database.url)
  const session = await (await made.database.open({ ...config, databaseUrl: url })).startSession(noBeats)
  onTestFinished(() => proxy.heal())
  return { ...made, proxy, session }
}

/** Registers machines; the first one is the oldest. */
export async function addMachines(database: TestDatabase, count: number): Promise<string[]> {
  const rows = await database.sql<{ machine_id: string }>(
    `INSERT INTO machines (machine_created_at)
     SELECT now() - interval '1 day' + n * interval '1 second' FROM generate_series(1, $1) AS n RETURNING machine_id`,
    count,
  )
  return rows.map((row) => row.machine_id)
}

/** Moves the sessions' deadlines into the past: for everybody else they are expired now. */
export async function expire(database: TestDatabase, ...sessions: { readonly id: string }[]): Promise<void> {
  await database.sql(
    `UPDATE session_leases SET session_deadline = clock_timestamp() - interval '0.1 second' WHERE session_id = ANY($1)`,
    sessions.map((session) => session.id),
  )
}

/** A session that holds `machineIds` and expires at once. */
export async function deadHolder(
  database: TestDatabase,
  connection: Connection<PrismaClient>,
  machineIds: readonly string[],
  process = 'P',
): Promise<Session<PrismaClient>> {
  const session = await connection.startSession(noBeats)
  await session.startWorkMany(process, machineIds, { limit: Math.max(1, machineIds.length) })
  await expire(database, session)
  return session
}

/** Resolves once that many of this database's connections wait for a lock. */
export async function untilWaiting(database: TestDatabase, count = 1): Promise<void> {
  await eventually(`${count} waiting for a lock`, async () => {
    const [row] = await database.sql<{ waiting: number }>(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return row!.waiting >= count
  })
}

/** The events of a machine, oldest first. */
export async function events(connection: Connection<PrismaClient>, machineId: string): Promise<string[]> {
  return (await connection.history(machineId, { limit: 10_000 })).reverse().map((row) => row.event)
}
