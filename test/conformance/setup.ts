import { join } from 'node:path'
import { BMDB, type BMDBConfig, type Connection, type Dialect, type PrismaClient, type Session } from '@bmdb/core'
import { filesHash, startWireProxy, testDatabases, type TestDatabase, type WireProxy } from '@bmdb/testing'
import { Client, type QueryResultRow } from 'pg'
import { onTestFinished } from 'vitest'
import { serverUrl } from './config.ts'

const migrated = testDatabases({
  serverUrl,
  prepare: migrate,
  templateName: `bmdb-${filesHash(join(import.meta.dirname, '../../prisma/migrations'))}`,
})
const empty = testDatabases({ serverUrl, prepare: async () => {} })

/** Which database the suite runs on; a test that is not for both names its reason. */
export const dialect: Dialect = await findDialect()

/** Long enough that no beat goes out during a test. */
export const longLease = { intervalSeconds: 60 }

/** A migrated database of one test's own, dropped when the test is over. */
export interface ConformanceDatabase extends Pick<TestDatabase, 'url' | 'sql'> {
  /** Opens it; closed when the test is over. */
  open(config?: Partial<BMDBConfig>): Promise<Connection<PrismaClient>>
  /** The same, through a network that can go wrong. */
  openBehindProxy(config?: Partial<BMDBConfig>): Promise<{ proxy: WireProxy; connection: Connection<PrismaClient> }>
  /** Registers machines, without work or facts. */
  machines(count: number): Promise<string[]>
  /** Puts a session's deadline into the past: for everybody else it is dead, and its program does not know. */
  expire(session: { readonly id: string }): Promise<void>
  /** Everything that happened to work, as the checker of exclusion takes it. */
  journal(): Promise<{ machineId: string; process: string; event: string; token: bigint; sessionId: string }[]>
}

export async function testDatabase(): Promise<ConformanceDatabase> {
  const database = await (await migrated).create()
  onTestFinished(() => database.drop())
  const { url } = database
  // One after the other: it is one connection, and tests ask from several loops at once.
  let asked: Promise<unknown> = Promise.resolve()
  const sql: TestDatabase['sql'] = <Row extends QueryResultRow>(text: string, ...values: unknown[]) => {
    const answer = asked.then(() => database.sql<Row>(text, ...values))
    asked = answer.catch(() => {})
    return answer
  }
  const open = async (config: Partial<BMDBConfig> = {}): Promise<Connection<PrismaClient>> => {
    const connection = await new BMDB({ databaseUrl: url, componentName: 'conformance', ...config }).open()
    onTestFinished(() => connection.close())
    return connection
  }
  return {
    url,
    sql,
    open,
    async openBehindProxy(config = {}) {
      const proxy = await startWireProxy(url)
      onTestFinished(() => proxy.close())
      const connection = await open({ ...config, databaseUrl: proxy.url })
      onTestFinished(() => proxy.heal())
      return { proxy, connection }
    },
    async machines(count) {
      const ids = Array.from({ length: count }, () => crypto.randomUUID())
      for (const id of ids) await sql('INSERT INTO machines (machine_id) VALUES ($1::uuid)', id)
      return ids
    },
    async expire(session) {
      await sql(
        `UPDATE session_leases SET session_deadline = clock_timestamp() - interval '1 second' WHERE session_id = $1::uuid`,
        session.id,
      )
    },
    async journal() {
      const rows = await sql<{
        machineId: string
        process: string
        event: string
        token: string
        sessionId: string
      }>(
        `SELECT machine_id AS "machineId", process, event, work_token::text AS token, session_id AS "sessionId"
         FROM work_history ORDER BY work_history_id`,
      )
      return rows.map((row) => ({ ...row, token: BigInt(row.token) }))
    },
  }
}

/** A database with one connection, one session and one machine: what most tests begin with. */
export async function testSession(intervalSeconds = longLease.intervalSeconds) {
  const database = await testDatabase()
  const connection = await database.open()
  const session = await connection.startSession({ intervalSeconds })
  const [machineId] = await database.machines(1)
  return { database, connection, session, machineId: machineId! }
}

/** The same, with the session's network able to go wrong. */
export async function testSessionBehindProxy(intervalSeconds = longLease.intervalSeconds) {
  const database = await testDatabase()
  const { proxy, connection } = await database.openBehindProxy()
  const session = await connection.startSession({ intervalSeconds })
  const [machineId] = await database.machines(1)
  return { database, proxy, connection, session, machineId: machineId! }
}

/** The URL of a database in which nothing is, dropped when the test is over. */
export async function emptyDatabase(): Promise<string> {
  const database = await (await empty).create()
  onTestFinished(() => database.drop())
  return database.url
}

/** Claims the machine, as `startWork` does that found nothing else. */
export async function hold(session: Session<PrismaClient>, machineId: string, process = 'P') {
  const work = await session.startWork(process, [machineId])
  if (work === null) throw new Error(`${machineId} is held, or in backoff`)
  return work
}

async function migrate(databaseUrl: string): Promise<void> {
  const connection = await new BMDB({ databaseUrl, componentName: 'conformance' }).open({ migrate: true })
  await connection.close()
}

async function findDialect(): Promise<Dialect> {
  if (serverUrl === undefined) return 'postgresql'
  const client = new Client({ connectionString: serverUrl, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query<{ version: string }>('SELECT version() AS version').finally(() => client.end())
  return rows[0]!.version.startsWith('CockroachDB') ? 'cockroachdb' : 'postgresql'
}
