import { join } from 'node:path'
import { filesHash, testDatabases, type TestDatabase as KitDatabase } from '@bmdb/testing'
import { onTestFinished } from 'vitest'
import { BMDB, type BMDBConfig, type Connection, type PrismaClient } from '../src/index.ts'

/** A database of one test's own, migrated, and a plain client to look at it with. */
export interface TestDatabase extends Pick<KitDatabase, 'url' | 'sql'> {
  /** Opens it; closed when the test is over. */
  open(config?: Partial<BMDBConfig>): Promise<Connection<PrismaClient>>
}

/** Of the embedded server, copied from a template; or, with BMDB_TEST_DATABASE_URL, of whatever is there. */
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
  }
}

/** A database with one connection, one machine and one session: what most tests begin with. */
export async function testSession(intervalSeconds = 5) {
  const database = await testDatabase()
  const connection = await database.open()
  const session = await connection.startSession({ intervalSeconds })
  const machine = await connection.prisma.machine.create({ data: {} })
  return { database, connection, session, machineId: machine.id }
}
