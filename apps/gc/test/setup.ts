import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BMDB, type BMDBConfig, type Connection, type PrismaClient } from '@bmdb/core'
import { findWorkspaceDirectory, throwAwayDatabases } from '@bmdb/embedded'
import { onTestFinished } from 'vitest'

const workspace = findWorkspaceDirectory(dirname(fileURLToPath(import.meta.url)))

const factory = throwAwayDatabases({
  directory: join(workspace, '.bmdb/test'),
  durable: false,
  template: { name: `gc-${migrationsHash()}`, prepare: migrate },
})

const emptyFactory = throwAwayDatabases({ directory: join(workspace, '.bmdb/test'), durable: false })

/** A database of one test's own that is not migrated. */
export async function emptyDatabase(): Promise<string> {
  const database = await (await emptyFactory).create()
  onTestFinished(() => database.drop())
  return database.url
}

/** A migrated database of one test's own. */
export async function testDatabase(): Promise<string> {
  const database = await (await factory).create()
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

function migrationsHash(): string {
  const directory = join(workspace, 'prisma/migrations')
  const hash = createHash('sha256')
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort())
    if (name.endsWith('.sql')) hash.update(name).update(readFileSync(join(directory, name)))
  return hash.digest('hex').slice(0, 16)
}
