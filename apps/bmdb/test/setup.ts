import { join } from 'node:path'
import { BMDB, type BMDBConfig, type Connection, type PrismaClient } from '@bmdb/core'
import { filesHash, testDatabases, type TestDatabase } from '@bmdb/testing'
import { onTestFinished } from 'vitest'

const migrated = testDatabases({
  prepare: (databaseUrl) => new BMDB({ databaseUrl, componentName: 'template' }).open({ migrate: true }),
  templateName: `bmdb-${filesHash(join(import.meta.dirname, '../../../prisma/migrations'))}`,
})
const empty = testDatabases({ prepare: async () => {} })

/** A migrated database of one test's own. */
export async function testDatabase(): Promise<TestDatabase> {
  const database = await (await migrated).create()
  onTestFinished(() => database.drop())
  return database
}

/** One that is not migrated. */
export async function emptyDatabase(): Promise<TestDatabase> {
  const database = await (await empty).create()
  onTestFinished(() => database.drop())
  return database
}

/** Opens a database until the test is over. */
export async function open(databaseUrl: string, config: Partial<BMDBConfig> = {}): Promise<Connection<PrismaClient>> {
  const connection = await new BMDB({ databaseUrl, componentName: 'test', ...config }).open()
  onTestFinished(() => connection.close())
  return connection
}

/** A database with a connection and machines, the first one the oldest. */
export async function testMachines(count: number) {
  const database = await testDatabase()
  const connection = await open(database.url)
  const machineIds: string[] = []
  for (let number = 1; number <= count; number++)
    machineIds.push(await connection.operator('setup').addMachine({ reason: 'test' }))
  return { database, connection, machineIds: machineIds as [string, ...string[]] }
}

/** Long enough that no beat goes out during a test. */
export const noBeats = { intervalSeconds: 60 }

/** How many rows every table has: what is compared to prove that nothing was written. */
export async function rowCounts({ sql }: TestDatabase): Promise<Record<string, number>> {
  const tables = await sql<{ name: string }>(
    `SELECT table_name::text AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name`,
  )
  const counts: Record<string, number> = {}
  for (const { name } of tables) {
    const [row] = await sql<{ many: number }>(`SELECT count(*)::int4 AS many FROM "${name}"`)
    counts[name] = row!.many
  }
  return counts
}
