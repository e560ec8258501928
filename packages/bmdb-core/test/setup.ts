import { createHash, randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findWorkspaceDirectory, throwAwayDatabases } from '@bmdb/embedded'
import { Client, type QueryResultRow } from 'pg'
import { onTestFinished } from 'vitest'
import { BMDB, type BMDBConfig, type Connection, type PrismaClient } from '../src/index.ts'
import { migrationFiles } from '../src/migration/migration-file.ts'

/** A database of one test's own, migrated, and a plain client to look at it with. */
export interface TestDatabase {
  readonly url: string
  /** Runs plain SQL, apart from BMDB. */
  sql<Row extends QueryResultRow = QueryResultRow>(text: string, ...values: unknown[]): Promise<Row[]>
  /** Opens it; closed when the test is over. */
  open(config?: Partial<BMDBConfig>): Promise<Connection<PrismaClient>>
}

/** Databases of the embedded server, copied from a template; or, with BMDB_TEST_DATABASE_URL, of whatever is there. */
const factory =
  process.env['BMDB_TEST_DATABASE_URL'] === undefined ? embedded() : onServer(process.env['BMDB_TEST_DATABASE_URL'])

async function embedded(): Promise<{ create(): Promise<{ url: string; drop(): Promise<void> }> }> {
  return throwAwayDatabases({
    directory: join(findWorkspaceDirectory(dirname(fileURLToPath(import.meta.url))), '.bmdb/test'),
    durable: false,
    template: {
      name: `bmdb-${createHash('sha256').update(JSON.stringify(migrationFiles)).digest('hex').slice(0, 16)}`,
      prepare: migrated,
    },
  })
}

async function onServer(serverUrl: string): Promise<{ create(): Promise<{ url: string; drop(): Promise<void> }> }> {
  const admin = async (statement: string): Promise<void> => {
    const client = new Client({ connectionString: serverUrl })
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }
  return {
    async create() {
      const name = `bmdb_test_${randomUUID().replaceAll('-', '')}`
      await admin(`CREATE DATABASE ${name}`)
      const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href
      await migrated(url)
      return { url, drop: () => admin(`DROP DATABASE ${name}`).catch(() => {}) }
    },
  }
}

async function migrated(databaseUrl: string): Promise<void> {
  const connection = await new BMDB({ databaseUrl, componentName: 'template' }).open({ migrate: true })
  await connection.close()
}

export async function testDatabase(): Promise<TestDatabase> {
  const database = await (await factory).create()
  onTestFinished(() => database.drop())
  const client = new Client({ connectionString: database.url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  return {
    url: database.url,
    async sql<Row extends QueryResultRow>(text: string, ...values: unknown[]) {
      return (await client.query<Row>(text, values)).rows
    },
    async open(config = {}) {
      const connection = await new BMDB({ databaseUrl: database.url, componentName: 'test', ...config }).open()
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
