import { Client, type ClientConfig } from 'pg'
import { onTestFinished } from 'vitest'
import { startWireProxy, testDatabases, type TestDatabase } from '../../src/index.ts'

/** A new name for other contents, or the old ones are found under it. */
const templateName = 'testing-rows-1'

/** A table without anything in it. */
async function withRows(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('CREATE TABLE rows (n INT4 PRIMARY KEY)')
  await client.end()
}

const databases = testDatabases({ prepare: withRows, templateName })

/** A database with the table `rows`, dropped when the test is over. */
export async function rowsDatabase(): Promise<TestDatabase> {
  const database = await (await databases).create()
  onTestFinished(() => database.drop())
  return database
}

/** The same behind a proxy, and what connects through it. */
export async function behindProxy() {
  const database = await rowsDatabase()
  const proxy = await startWireProxy(database.url)
  onTestFinished(() => proxy.close())
  return {
    database,
    proxy,
    connect: (config: ClientConfig & { pipeline?: boolean } = {}) => connected(proxy.url, config),
    rows: async () => (await database.sql<{ n: number }>('SELECT n FROM rows ORDER BY n')).map((row) => row.n),
  }
}

/** A client that sends ahead, connected until the test is over. */
export async function connected(url: string, config: ClientConfig & { pipeline?: boolean } = {}): Promise<Client> {
  const given = { connectionString: url, application_name: 'proxied', pipeline: true, ...config }
  const client = new Client(given)
  client.on('error', () => {})
  onTestFinished(() => streamOf(client).destroy())
  await client.connect()
  return client
}

/** The socket of a client. */
export function streamOf(client: Client): { destroy(): void; pause(): void; resume(): void } {
  return (client as unknown as { connection: { stream: ReturnType<typeof streamOf> } }).connection.stream
}

/** What became of each statement: the tag of its answer, the error's SQLSTATE or code, or `broken`. */
export async function outcomes(client: Client, ...texts: string[]): Promise<string[]> {
  // Sent without waiting, so that they are under way at once.
  const settled = await Promise.allSettled(texts.map((text) => client.query({ text, values: [] })))
  return settled.map((one) =>
    one.status === 'fulfilled' ? one.value.command : ((one.reason as { code?: string }).code ?? 'broken'),
  )
}

/** Resolves once `look` finds something; rejects after 10 s. */
export async function eventually(what: string, look: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`it did not come about: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** What the server's own account of its connections through the proxy is. */
export async function activity(database: TestDatabase): Promise<{ state: string; wait: string | null }[]> {
  return database.sql(
    `SELECT state, wait_event AS wait FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'proxied'`,
  )
}

/** Whether a promise is still to be settled after the event loop has had some turns. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 5))
  return !settled
}
