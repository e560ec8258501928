import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findWorkspaceDirectory, throwAwayDatabases } from '@bmdb/embedded'
import pg from 'pg'

/** For `testDatabases`. */
export interface TestDatabasesOptions {
  /**
   * Migrates an empty database. What it resolves with is disposed if it has `Symbol.asyncDispose`, as a connection of
   * BMDB has: `(databaseUrl) => new BMDB({ databaseUrl, componentName: 'test' }).open({ migrate: true })`.
   */
  readonly prepare: (databaseUrl: string) => Promise<unknown>
  /** A PostgreSQL or CockroachDB whose user may create databases. @default the embedded server, in memory */
  readonly serverUrl?: string | undefined
  /** Where the embedded server has its files. @default `.bmdb/test` of the workspace */
  readonly directory?: string | undefined
  /**
   * Stands for what `prepare` does; put a hash of the migrations into it. On the embedded server it is done once under
   * that name, for all programs, and each database is a copy, which takes some 30 ms. @default none: each database is
   * prepared by itself, as on other servers
   */
  readonly templateName?: string | undefined
}

/** A database of one's own, for one test. */
export interface TestDatabase extends AsyncDisposable {
  /** Contains the password. */
  readonly url: string
  readonly name: string
  /** Runs plain SQL on a connection apart, with `$1`, `$2` … in it. */
  readonly sql: <Row extends pg.QueryResultRow = pg.QueryResultRow>(
    text: string,
    ...values: unknown[]
  ) => Promise<Row[]>
  /** Removes it, and where the server can, ends connections to it. Twice is harmless. */
  readonly drop: () => Promise<void>
}

/** Makes databases for tests. */
export interface TestDatabases extends AsyncDisposable {
  create(): Promise<TestDatabase>
  /** Drops what is left of them, and lets go of the server. Twice is harmless. */
  close(): Promise<void>
}

interface Source {
  create(): Promise<{ url: string; name: string; drop: () => Promise<void> }>
  close(): Promise<void>
}

/** Throw-away databases, of the embedded server or of any other. */
export async function testDatabases(options: TestDatabasesOptions): Promise<TestDatabases> {
  const source =
    options.serverUrl === undefined ? await embedded(options) : onServer(options.serverUrl, options.prepare)
  const made = new Set<TestDatabase>()
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await Promise.allSettled([...made].map((database) => database.drop()))
    await source.close()
  }
  const dispose = (): Promise<void> => (closed ??= close())
  return {
    async create() {
      if (closed !== undefined) throw new Error('these test databases were closed')
      const { url, name, drop } = await source.create()
      const database = testDatabase(url, name, async () => {
        made.delete(database)
        await drop()
      })
      made.add(database)
      return database
    },
    close: dispose,
    [Symbol.asyncDispose]: dispose,
  }
}

function testDatabase(url: string, name: string, dropIt: () => Promise<void>): TestDatabase {
  const client = new pg.Client({ connectionString: url, application_name: 'test' })
  // A test may end this connection too: then what is asked next says so.
  client.on('error', () => {})
  let connected: Promise<unknown> | undefined
  let dropped: Promise<void> | undefined
  const drop = (): Promise<void> => {
    dropped ??= (async () => {
      if (connected !== undefined) await connected.then(() => client.end()).catch(() => {})
      await dropIt()
    })()
    return dropped
  }
  return {
    url,
    name,
    async sql<Row extends pg.QueryResultRow>(text: string, ...values: unknown[]) {
      connected ??= client.connect()
      await connected
      return (await client.query<Row>(text, values)).rows
    },
    drop,
    [Symbol.asyncDispose]: drop,
  }
}

async function embedded({ prepare, directory, templateName }: TestDatabasesOptions): Promise<Source> {
  const workspace = findWorkspaceDirectory(dirname(fileURLToPath(import.meta.url)))
  const factory = await throwAwayDatabases({
    directory: directory ?? join(workspace, '.bmdb/test'),
    durable: false,
    template: templateName === undefined ? undefined : { name: templateName, prepare: (url) => prepared(prepare, url) },
  })
  return {
    async create() {
      const database = await factory.create()
      if (templateName === undefined) await prepared(prepare, database.url)
      return { url: database.url, name: database.name, drop: () => database.drop() }
    },
    close: () => factory.close(),
  }
}

function onServer(serverUrl: string, prepare: TestDatabasesOptions['prepare']): Source {
  const admin = async (...statements: string[]): Promise<void> => {
    const client = new pg.Client({ connectionString: serverUrl, application_name: 'test' })
    client.on('error', () => {})
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  return {
    async create() {
      const name = `bmdb_test_${randomBytes(12).toString('hex')}`
      await admin(`CREATE DATABASE ${name}`)
      const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href
      // CockroachDB knows no FORCE, and old servers neither: there it fails while somebody is connected.
      const drop = (): Promise<void> =>
        admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).catch(() => admin(`DROP DATABASE IF EXISTS ${name}`))
      try {
        await prepared(prepare, url)
      } catch (error) {
        await drop().catch(() => {})
        throw error
      }
      return { url, name, drop }
    },
    close: async () => {},
  }
}

async function prepared(prepare: TestDatabasesOptions['prepare'], url: string): Promise<void> {
  const result = await prepare(url)
  if (typeof result !== 'object' || result === null || !(Symbol.asyncDispose in result)) return
  await (result as AsyncDisposable)[Symbol.asyncDispose]()
}
