import { join } from 'node:path'
import { BMDB, type BMDBConfig, type Connection, type PrismaClient } from '@bmdb/core'
import { filesHash, testDatabases } from '@bmdb/testing'
import { onTestFinished } from 'vitest'

const migrated = testDatabases({
  prepare: migrate,
  templateName: `bmdb-${filesHash(join(import.meta.dirname, '../../../prisma/migrations'))}`,
})
const empty = testDatabases({ prepare: async () => {} })

/** A database of one test's own that is not migrated. */
export async function emptyDatabase(): Promise<string> {
  const database = await (await empty).create()
  onTestFinished(() => database.drop())
  return database.url
}

/** A migrated database of one test's own. */
export async function testDatabase(): Promise<string> {
  const database = await (await migrated).create()
  onTestFinished(() => database.drop())
  return database.url
}

export async function migrate(databaseUrl: string): Promise<void> {
  const connection = await new BMDB({ databaseUrl, componentName: 'template' }).open({ migrate: true })
  await connection.close()
}

/** Opens a database until the test is over. */
export async function open(databaseUrl: string, config: Partial<BMDBConfig> = {}): Promise<Connection<PrismaClient>> {
  const connection = await new BMDB({ databaseUrl, componentName: 'test', ...config }).open()
  onTestFinished(() => connection.close())
  return connection
}

/** Sessions as programs leave them that crashed `agoSeconds` after their last deadline, each holding one machine. */
export async function leaveExpired(connection: Connection<PrismaClient>, count: number, agoSeconds = 1): Promise<void> {
  await connection.prisma.$executeRaw`
    WITH crashed AS (SELECT gen_random_uuid() AS id FROM generate_series(1, ${count}::int)),
      session AS (
        INSERT INTO sessions (session_id, session_component_name, session_runtime_info, session_interval_seconds)
        SELECT id, 'crashed', '', 1 FROM crashed),
      lease AS (
        INSERT INTO session_leases (session_id, session_deadline)
        SELECT id, now() - ${agoSeconds}::float8 * interval '1 second' FROM crashed),
      machine AS (INSERT INTO machines (machine_id) SELECT id FROM crashed)
    INSERT INTO work (machine_id, session_id, process, work_token) SELECT id, id, 'Paint', 1 FROM crashed`
}

/** How many sessions, pieces of work and `Expired` rows there are. */
export async function counts(connection: Connection<PrismaClient>) {
  const { prisma } = connection
  const [sessions, work, expired] = await Promise.all([
    prisma.session.count(),
    prisma.work.count(),
    prisma.workHistory.count({ where: { event: 'Expired' } }),
  ])
  return { sessions, work, expired }
}
