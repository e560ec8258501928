import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { attachEmbeddedDatabase, type AttachOptions } from './attach.ts'
import { clientConfig, databaseUrl, quoteIdentifier, type ServerAddress } from './connection.ts'
import { withDeadline, type Deadline, type WaitOptions } from './deadline.ts'
import { EmbeddedDatabaseError, errorCode, errorMessage } from './errors.ts'
import { isAlive, ownProgram, parseProgramKey, programKey } from './program.ts'
import { prepareTemplate, type DatabaseTemplate } from './template.ts'

/** For `throwAwayDatabases`. */
export interface ThrowAwayOptions extends Omit<AttachOptions, 'database'> {
  /** As for `attachEmbeddedDatabase`. @default true where `durable` is false */
  readonly inMemory?: boolean | undefined
  /** What new databases contain. @default nothing: they are empty */
  readonly template?: DatabaseTemplate | undefined
}

/** A database of one's own, for one test. */
export interface ThrowAwayDatabase extends AsyncDisposable {
  /** Contains the password. */
  readonly url: string
  readonly name: string
  /** Removes it, and ends connections to it. Twice is harmless. */
  drop(): Promise<void>
}

/** Makes throw-away databases on the server that it is attached to. */
export interface DatabaseFactory extends AsyncDisposable {
  /**
   * A new database, a copy of the template.
   *
   * @throws {EmbeddedDatabaseError} `ERR_EMBEDDED_TEMPLATE` if the template cannot be copied, `ERR_EMBEDDED_CLOSED`
   */
  create(options?: WaitOptions): Promise<ThrowAwayDatabase>
  /** Drops what is left of its databases, and detaches. Twice is harmless. */
  close(): Promise<void>
}

const PREFIX = 'throwaway_'

const POOL_LIMITS = { connectionTimeoutMillis: 10_000, query_timeout: 60_000 }

interface Source {
  /** The database to copy; undefined: an empty one. */
  readonly template: string | undefined
  readonly durable: boolean
}

/**
 * Attaches to the server of a directory, by custom `.bmdb/test` of the workspace, prepares the template unless
 * some program did so before, and removes the databases of programs that are gone.
 *
 * Use `durable: false` where the databases are for tests only: all that writes is then faster.
 *
 * @throws {EmbeddedDatabaseError} as `attachEmbeddedDatabase`; `ERR_EMBEDDED_TEMPLATE` if `prepare` throws, which is
 * then the `cause`
 */
export async function throwAwayDatabases(options: ThrowAwayOptions): Promise<DatabaseFactory> {
  return withDeadline(`preparing throw-away databases under ${options.directory}`, options, async (deadline) => {
    const { durable = true, inMemory = !durable } = options
    const attachOptions = { ...options, durable, inMemory, database: 'postgres', signal: deadline.signal }
    const database = await attachEmbeddedDatabase(attachOptions)
    const server = { port: database.port, password: decodeURIComponent(new URL(database.url).password) }
    // Few connections, and one for each database under way: most time goes into the server's copying.
    const pool = new pg.Pool({ ...clientConfig(server, 'postgres'), max: 2, allowExitOnIdle: true, ...POOL_LIMITS })
    pool.on('error', () => undefined)
    try {
      await dropLeftovers(pool, deadline)
      const template =
        options.template === undefined ? undefined : await prepareTemplate(server, options.template, deadline)
      return factory(server, pool, { template, durable }, () => database.close())
    } catch (error) {
      await pool.end()
      await database.close()
      throw error
    }
  })
}

function factory(server: ServerAddress, pool: pg.Pool, source: Source, detach: () => Promise<void>): DatabaseFactory {
  const made = new Map<string, ThrowAwayDatabase>()
  const underWay = new Set<Promise<unknown>>()
  let closed: Promise<void> | undefined

  const make = async (deadline: Deadline): Promise<ThrowAwayDatabase> => {
    const name = `${PREFIX}${programKey(await ownProgram())}_${randomBytes(5).toString('hex')}`
    await copyDatabase(pool, name, source, deadline)
    let dropped: Promise<void> | undefined
    const drop = (): Promise<void> => {
      dropped ??= dropDatabase(pool, name).then(() => void made.delete(name))
      return dropped
    }
    const database = { url: databaseUrl(server, name), name, drop, [Symbol.asyncDispose]: drop }
    made.set(name, database)
    return database
  }

  const close = async (): Promise<void> => {
    try {
      await Promise.allSettled(underWay)
      // What cannot be dropped now, because the server is gone, is a leftover for the next factory.
      await Promise.allSettled([...made.values()].map((database) => database.drop()))
    } finally {
      await pool.end()
      await detach()
    }
  }

  return {
    async create(options = {}) {
      if (closed !== undefined) throw new EmbeddedDatabaseError('ERR_EMBEDDED_CLOSED', 'The factory was closed before')
      return withDeadline('making a throw-away database', options, async (deadline) => {
        const making = make(deadline)
        underWay.add(making)
        making.catch(() => undefined).finally(() => underWay.delete(making))
        return deadline.race(making)
      })
    },
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => (closed ??= close()),
  }
}

async function copyDatabase(
  pool: pg.Pool,
  name: string,
  { template, durable }: Source,
  deadline: Deadline,
): Promise<void> {
  // Copying files makes the server write down everything before and after, which is slow only where it waits for the
  // disk; copying through its own log and memory avoids that, and is slower otherwise.
  const strategy = durable ? 'wal_log' : 'file_copy'
  const statement = `CREATE DATABASE ${quoteIdentifier(name)} TEMPLATE ${quoteIdentifier(template ?? 'template0')} STRATEGY ${strategy}`
  for (;;) {
    deadline.step = `copying ${template ?? 'an empty database'}`
    try {
      await pool.query(statement)
      return
    } catch (error) {
      // Somebody is connected to the template, if only the server's own cleaner: that passes.
      if (errorCode(error) === '55006') {
        await deadline.pause(20 + Math.random() * 30)
        continue
      }
      throw new EmbeddedDatabaseError(
        'ERR_EMBEDDED_TEMPLATE',
        `Cannot copy the template database: ${errorMessage(error)}`,
        { cause: error },
      )
    }
  }
}

async function dropDatabase(pool: pg.Pool, name: string): Promise<void> {
  await pool.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`)
}

/** The names tell whose they are: those of programs that no longer run go. */
async function dropLeftovers(pool: pg.Pool, deadline: Deadline): Promise<void> {
  deadline.step = 'removing databases of programs that are gone'
  const { rows } = await deadline.race(
    pool.query<{ name: string }>('SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)', [PREFIX]),
  )
  for (const { name } of rows) {
    const program = parseProgramKey(name.slice(PREFIX.length).split('_')[0] ?? '')
    if (program !== undefined && !(await isAlive(program))) await deadline.race(dropDatabase(pool, name))
  }
}
