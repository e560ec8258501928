import { chmod, lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attachEmbeddedDatabase, type AttachOptions, type EmbeddedDatabase } from './attach.ts'
import { withDeadline, type WaitOptions } from './deadline.ts'
import { directoryError, makeDirectory } from './directory.ts'
import { withFileLock } from './file-lock.ts'
import { findPlacement, type Placement } from './placement.ts'
import { findPostmaster } from './postmaster.ts'
import { isAlive, ownProgram, parseProgramKey, programKey } from './program.ts'
import {
  findRunningServer,
  killPostmaster,
  removeServer,
  startServer,
  stopServer,
  waitForEnd,
  type StopMode,
} from './server.ts'
import { ownUid } from './server-user.ts'

/** For `startPrivateServer`. */
export interface PrivateServerOptions extends Omit<AttachOptions, 'directory'> {
  /** Where its files are kept; they stay. @default a temporary directory, removed by `close` */
  readonly directory?: string | undefined
  /** As for `attachEmbeddedDatabase`. @default true where `durable` is false */
  readonly inMemory?: boolean | undefined
}

/** A server of one's own, for tests of what happens when the database goes away. */
export interface PrivateServer extends AsyncDisposable {
  /** Stays the same over all stops and starts. Contains the password. */
  readonly url: string
  readonly port: number
  readonly directory: string
  /** The server's log. */
  readonly logFile: string
  /**
   * Stops it, which is harmless if it does not run. `fast` cuts its clients off and writes everything down;
   * `immediate` ends at once and recovers at the next start; `smart` waits until all clients have left.
   *
   * @param mode @default 'fast'
   */
  readonly stop: (mode?: StopMode, options?: WaitOptions) => Promise<void>
  /** Starts it again on the same port and the same data, after `stop` or `kill`; harmless if it runs. */
  readonly start: (options?: WaitOptions) => Promise<void>
  /** `stop`, then `start`. */
  readonly restart: (mode?: StopMode, options?: WaitOptions) => Promise<void>
  /** Ends its first process by SIGKILL, as `kill -9` or the kernel's memory killer would; the others follow by themselves. */
  readonly kill: (options?: WaitOptions) => Promise<void>
  /** Stops it, and removes its temporary directory. Twice is harmless. */
  readonly close: () => Promise<void>
}

const PREFIX = 'bmdb-private-'

/**
 * Starts a server that only its caller uses, and that may be stopped, killed and started again. Temporary ones of
 * programs that are gone are stopped and removed first.
 *
 * @throws {EmbeddedDatabaseError} as `attachEmbeddedDatabase`
 */
export async function startPrivateServer(options: PrivateServerOptions = {}): Promise<PrivateServer> {
  const { durable = true, inMemory = !durable } = options
  return withDeadline('starting a private PostgreSQL', options, async (deadline) => {
    const temporary = options.directory === undefined ? await makeTemporary() : undefined
    try {
      const directory = await makeDirectory(options.directory ?? serverDirectory(temporary ?? ''))
      const placement = await withFileLock(join(directory, 'lock'), deadline, () =>
        findPlacement(directory, { inMemory }),
      )
      const database = await attachEmbeddedDatabase({ ...options, directory, signal: deadline.signal })
      return control(placement, database, options, temporary)
    } catch (error) {
      if (temporary !== undefined) await removeTemporary(temporary)
      throw error
    }
  })
}

function control(
  placement: Placement,
  database: EmbeddedDatabase,
  { durable = true, onProgress = () => undefined }: PrivateServerOptions,
  temporary: string | undefined,
): PrivateServer {
  const { directory, dataDirectory } = placement
  const { url, port, logFile } = database
  let closed: Promise<void> | undefined

  const locked = (what: string, options: WaitOptions, fn: Parameters<typeof withDeadline<void>>[2]): Promise<void> =>
    withDeadline(`${what} a private PostgreSQL`, options, async (deadline) => {
      try {
        await withFileLock(join(directory, 'lock'), deadline, () => fn(deadline))
      } catch (error) {
        throw directoryError(directory, error)
      }
    })

  const stop: PrivateServer['stop'] = (mode = 'fast', options = {}) =>
    locked('stopping', options, (deadline) => stopServer(placement, mode, deadline))

  const start: PrivateServer['start'] = (options = {}) =>
    locked('starting', options, async (deadline) => {
      if ((await findRunningServer(placement, deadline)) !== undefined) return
      await startServer(placement, { port, durable, onProgress }, deadline)
    })

  const restart: PrivateServer['restart'] = async (mode, options) => {
    await stop(mode, options)
    await start(options)
  }

  const kill: PrivateServer['kill'] = (options = {}) =>
    locked('killing', options, async (deadline) => {
      const postmaster = await findPostmaster(dataDirectory)
      if (postmaster === undefined) return
      killPostmaster(postmaster.pid, 'SIGKILL')
      await waitForEnd(postmaster.pid, deadline)
    })

  const close = (): Promise<void> => {
    closed ??= (async () => {
      await database.close()
      if (temporary !== undefined) await removeTemporary(temporary)
    })()
    return closed
  }

  return { url, port, directory, logFile, stop, start, restart, kill, close, [Symbol.asyncDispose]: close }
}

/** The server's part of a temporary directory. */
function serverDirectory(temporary: string): string {
  return join(temporary, 'database')
}

async function makeTemporary(): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue
    const program = parseProgramKey(name.slice(PREFIX.length).split('_')[0] ?? '')
    if (program === undefined || (await isAlive(program))) continue
    // Everybody may write there: what is not our own is not for us to follow.
    const found = await lstat(join(tmpdir(), name)).catch(() => undefined)
    const uid = ownUid()
    if (found?.isDirectory() !== true || (uid !== undefined && found.uid !== uid)) continue
    await removeTemporary(join(tmpdir(), name)).catch(() => undefined)
  }
  const temporary = await mkdtemp(join(tmpdir(), `${PREFIX}${programKey(await ownProgram())}_`))
  // So that the server's user can walk through it.
  await chmod(temporary, 0o711)
  return temporary
}

async function removeTemporary(temporary: string): Promise<void> {
  await withDeadline('removing a private PostgreSQL', { timeoutMs: 10_000 }, (deadline) =>
    removeServer(serverDirectory(temporary), deadline),
  )
  await rm(temporary, { recursive: true, force: true, maxRetries: 5 })
}
