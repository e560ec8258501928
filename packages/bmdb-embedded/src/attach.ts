import { join } from 'node:path'
import { enter, leave, listAttached } from './attachments.ts'
import { databaseUrl, quoteIdentifier, ROLE, withClient, type ServerAddress } from './connection.ts'
import { withDeadline, type Deadline, type WaitOptions } from './deadline.ts'
import { directoryError, isThere, makeDirectory } from './directory.ts'
import { EmbeddedDatabaseError } from './errors.ts'
import { withFileLock } from './file-lock.ts'
import { boundLog } from './log-file.ts'
import { findPlacement, type Placement } from './placement.ts'
import { findRunningServer, logFile, removeServer, startServer, stopServer } from './server.ts'

/** How often an attached program looks whether the server's log has grown too long. */
const LOG_CHECK_MS = 30_000

/** How long the last program attached waits for the server to end by itself, before it is cut short (harmless: it recovers). */
const STOP_MS = 5_000

/** For `attachEmbeddedDatabase`. */
export interface AttachOptions extends WaitOptions {
  /** Where the server's files are, made if missing: a workspace's `.bmdb/`. */
  readonly directory: string
  /**
   * The port to listen on, 1–65535, if this call starts the server; one that runs already keeps its own.
   * @default the one it had last, or a free one
   */
  readonly port?: number | undefined
  /** The database that `url` names, made if missing. 1–63 bytes. @default 'bmdb' */
  readonly database?: string | undefined
  /**
   * Whether what was committed survives a crash of the machine (`fsync`). False is for tests: it is faster, and such a
   * crash may destroy all that is in the directory. A running server keeps what it was started with.
   * @default true
   */
  readonly durable?: boolean | undefined
  /**
   * Whether to keep the data in memory (`/dev/shm`, where it is there with 1 GiB free; else on disk, as ever). For
   * tests: copying databases is then several times as fast, and everything is gone when the machine starts anew. Until
   * then the memory is used, also while the server does not run. No effect on data that exist.
   * @default false
   */
  readonly inMemory?: boolean | undefined
  /** Told what is being done, one line at a time, where it takes longer than a moment. */
  readonly onProgress?: ((line: string) => void) | undefined
}

/** A program's hold on the embedded server. */
export interface EmbeddedDatabase extends AsyncDisposable {
  /** `postgresql://bmdb:<password>@127.0.0.1:<port>/<database>`: contains the password, so keep it out of logs. */
  readonly url: string
  /** True if this call started the server, false if it was running. */
  readonly started: boolean
  readonly port: number
  /** The server's log. */
  readonly logFile: string
  /**
   * Detaches. The last program attached stops the server, and this resolves when it has ended. Twice is harmless. Close
   * your own connections before: those that are left are cut if the server stops.
   *
   * @throws {EmbeddedDatabaseError} `ERR_EMBEDDED_STOP` if the server does not end; it is detached from even so
   */
  close(): Promise<void>
}

/**
 * Attaches to the database server of a directory; makes and starts it if necessary. One server per directory, whoever
 * asks first; any number of programs may ask at once, and one program several times.
 *
 * The server is a program of its own. It survives the one that started it, and Ctrl-C, and ends when the last program
 * attached detaches by `close`. A program that dies without that is no longer counted, but it stops nothing: if all of
 * them die so, the server runs until the next one has attached and detached, or until `stopEmbeddedDatabase`.
 *
 * @throws {EmbeddedDatabaseError} see its codes; the signal's own reason if that aborts
 */
export async function attachEmbeddedDatabase(options: AttachOptions): Promise<EmbeddedDatabase> {
  const { port, database = 'bmdb', durable = true, inMemory = false } = options
  checkPort(port)
  checkDatabaseName(database)
  checkInMemory(inMemory, durable)
  const onProgress = options.onProgress ?? ((): void => undefined)
  return withDeadline(`attaching to the embedded database under ${options.directory}`, options, async (deadline) => {
    const directory = await makeDirectory(options.directory)
    try {
      return await withFileLock(join(directory, 'lock'), deadline, async () => {
        const placement = await findPlacement(directory, { inMemory })
        const attachment = await enter(directory, placement.owner)
        let started = false
        try {
          let server = await findRunningServer(placement, deadline)
          if (server === undefined) {
            started = true
            server = await startServer(placement, { port, durable, onProgress }, deadline)
          }
          await prepareDatabase(server, database, durable, deadline)
          return attached(placement, server, database, started, attachment)
        } catch (error) {
          await leave(directory, attachment)
          if (started && (await listAttached(directory)).length === 0)
            await stopUnused(placement).catch(() => undefined)
          throw error
        }
      })
    } catch (error) {
      throw directoryError(directory, error)
    }
  })
}

/**
 * Stops the server of a directory, whoever is attached. Their connections are cut; their `close` stays harmless.
 *
 * @returns false if none was running
 * @throws {EmbeddedDatabaseError} `ERR_EMBEDDED_TIMEOUT` if it does not end in time
 */
export async function stopEmbeddedDatabase(options: { readonly directory: string } & WaitOptions): Promise<boolean> {
  if (!(await isThere(options.directory))) return false
  return withDeadline(`stopping the embedded database under ${options.directory}`, options, async (deadline) => {
    const directory = await makeDirectory(options.directory)
    return withFileLock(join(directory, 'lock'), deadline, async () => {
      const placement = await findPlacement(directory)
      if ((await findRunningServer(placement, deadline)) === undefined) return false
      await stopServer(placement, 'fast', deadline)
      return true
    })
  })
}

/**
 * Stops the server of a directory at once, whoever is attached, and removes the directory with all data, also those
 * that are kept elsewhere. Harmless if there is none.
 *
 * @throws {EmbeddedDatabaseError} `ERR_EMBEDDED_TIMEOUT` if the server does not end in time
 */
export async function removeEmbeddedDatabase(options: { readonly directory: string } & WaitOptions): Promise<void> {
  if (!(await isThere(options.directory))) return
  return withDeadline(`removing the embedded database under ${options.directory}`, options, async (deadline) => {
    const directory = await makeDirectory(options.directory)
    await withFileLock(join(directory, 'lock'), deadline, () => removeServer(directory, deadline))
  })
}

function attached(
  placement: Placement,
  server: ServerAddress & { pid: number },
  database: string,
  started: boolean,
  attachment: string,
): EmbeddedDatabase {
  const log = logFile(placement)
  const logTimer = setInterval(() => void boundLog(log), LOG_CHECK_MS).unref()
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    clearInterval(logTimer)
    closed ??= detach(placement, attachment)
    return closed
  }
  return {
    url: databaseUrl(server, database),
    started,
    port: server.port,
    logFile: log,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function detach(placement: Placement, attachment: string): Promise<void> {
  const { directory } = placement
  // Somebody deleted the directory: whatever is there now is not what we attached to.
  if (!(await isThere(join(directory, 'attached', attachment)))) return
  await withDeadline(`detaching from the embedded database under ${directory}`, {}, (deadline) =>
    withFileLock(join(directory, 'lock'), deadline, async () => {
      await leave(directory, attachment)
      if ((await listAttached(directory)).length === 0) await stopUnused(placement)
    }),
  )
}

async function stopUnused(placement: Placement): Promise<void> {
  try {
    await withDeadline('stopping PostgreSQL', { timeoutMs: STOP_MS }, (deadline) =>
      stopServer(placement, 'fast', deadline),
    )
  } catch {
    try {
      await withDeadline('stopping PostgreSQL', { timeoutMs: STOP_MS }, (deadline) =>
        stopServer(placement, 'immediate', deadline),
      )
    } catch (error) {
      throw new EmbeddedDatabaseError(
        'ERR_EMBEDDED_STOP',
        `PostgreSQL did not end within ${(2 * STOP_MS) / 1000} s; its log is ${logFile(placement)}`,
        { cause: error },
      )
    }
  }
}

async function prepareDatabase(
  server: ServerAddress,
  database: string,
  durable: boolean,
  deadline: Deadline,
): Promise<void> {
  deadline.step = `preparing the database ${database}`
  await withClient(server, 'postgres', deadline, async (client) => {
    const { rows } = await client.query<{ fsync: string; present: boolean }>(
      `SELECT current_setting('fsync') AS fsync, EXISTS (SELECT FROM pg_database WHERE datname = $1) AS present`,
      [database],
    )
    if (durable && rows[0]?.fsync !== 'on') {
      throw new EmbeddedDatabaseError(
        'ERR_EMBEDDED_DURABILITY',
        'The running server was started with durable: false. Ask for durable: false too, or end the programs that ' +
          'are attached to it first',
      )
    }
    if (rows[0]?.present === true) return
    await client.query(`CREATE DATABASE ${quoteIdentifier(database)} OWNER ${ROLE}`)
  })
}

function checkPort(port: number | undefined): void {
  if (port === undefined || (Number.isInteger(port) && port >= 1 && port <= 65_535)) return
  throw new EmbeddedDatabaseError('ERR_EMBEDDED_INVALID_ARGUMENT', `port is ${port}: give a whole number, 1 to 65535`)
}

function checkDatabaseName(name: string): void {
  const bytes = Buffer.byteLength(name)
  if (bytes >= 1 && bytes <= 63 && !name.includes('\0')) return
  throw new EmbeddedDatabaseError('ERR_EMBEDDED_INVALID_ARGUMENT', `database is "${name}": give 1 to 63 bytes`)
}

function checkInMemory(inMemory: boolean, durable: boolean): void {
  if (!inMemory || !durable) return
  throw new EmbeddedDatabaseError('ERR_EMBEDDED_INVALID_ARGUMENT', 'inMemory is true: durable must be false then')
}
