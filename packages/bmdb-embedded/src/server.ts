import { spawn, type ChildProcess } from 'node:child_process'
import { open, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { kill, platform } from 'node:process'
import { withClient, type ServerAddress } from './connection.ts'
import type { Deadline } from './deadline.ts'
import { writeWhole } from './directory.ts'
import { EmbeddedDatabaseError, errorCode } from './errors.ts'
import { initialise } from './initialise.ts'
import { boundLog, logTail } from './log-file.ts'
import { findDataDirectory, type Placement } from './placement.ts'
import { chooseFreePort, isPortFree } from './port.ts'
import { findMistakenPid, findPostmaster, type Postmaster } from './postmaster.ts'
import { isAlive, programOf } from './program.ts'
import { ended, spawnOptions } from './spawn.ts'

/** How a server is asked to end: after all clients left, after cutting them off, or at once (it recovers at the next start). */
export type StopMode = 'smart' | 'fast' | 'immediate'

export interface StartOptions {
  readonly port?: number | undefined
  readonly durable: boolean
  readonly onProgress: (line: string) => void
}

/** A server that answers. */
export interface RunningServer extends ServerAddress {
  readonly pid: number
}

/** Where the server writes its log. */
export function logFile(placement: Pick<Placement, 'directory'>): string {
  return join(placement.directory, 'postgres.log')
}

/**
 * The server of this placement, if it runs and answers. One that is just starting or stopping is waited for.
 * Call it under the directory's lock.
 */
export async function findRunningServer(placement: Placement, deadline: Deadline): Promise<RunningServer | undefined> {
  for (;;) {
    const postmaster = await findPostmaster(placement.dataDirectory)
    if (postmaster === undefined) return undefined
    deadline.step = `waiting for the PostgreSQL with the pid ${postmaster.pid}, which is ${postmaster.status}`
    if (postmaster.status === 'ready' && postmaster.port !== undefined) {
      const address = { port: postmaster.port, password: await readPassword(placement) }
      if (await answers(address, deadline)) return { ...address, pid: postmaster.pid }
    }
    await deadline.pause(30)
  }
}

/** Makes the data directory if there is none, and starts the server on it. Call it under the directory's lock. */
export async function startServer(
  placement: Placement,
  options: StartOptions,
  deadline: Deadline,
): Promise<RunningServer> {
  await initialise(placement, options, deadline)
  const password = await readPassword(placement)
  const portFile = join(placement.directory, 'port')
  let port = options.port ?? (await readPort(portFile))
  for (let attempt = 1; ; attempt++) {
    if (port === undefined || !(await isPortFree(port))) {
      if (options.port !== undefined) throw portTaken(options.port)
      port = await chooseFreePort()
    }
    await writeWhole(placement, portFile, `${port}\n`)
    options.onProgress(`starting PostgreSQL ${placement.binaries.version} on 127.0.0.1:${port}`)
    const started = await launch(placement, { port, password }, options, deadline)
    if ('pid' in started) return started
    // Killed servers' last children may still hold the memory for a moment; and between our look and the server's,
    // somebody may have taken the port.
    const portLost = !(await isPortFree(port))
    if (portLost && options.port !== undefined) throw portTaken(options.port)
    if (attempt >= 100 || !(portLost || started.log.includes('shared memory block'))) {
      throw new EmbeddedDatabaseError(
        'ERR_EMBEDDED_START',
        `PostgreSQL did not start on the data under ${placement.dataDirectory}. Its log, ${logFile(placement)}, ends with:\n${started.log}`,
      )
    }
    await deadline.pause(50)
  }
}

/** Ends the server, if it runs. Resolves when it is gone. */
export async function stopServer(
  placement: Pick<Placement, 'dataDirectory' | 'binaries'>,
  mode: StopMode,
  deadline: Deadline,
): Promise<void> {
  const postmaster = await findPostmaster(placement.dataDirectory)
  if (postmaster === undefined) return
  await signalPostmaster(placement, postmaster, mode)
  await waitForEnd(postmaster.pid, deadline)
}

/** Ends the server of a directory at once and removes its data, which nobody wants any more. */
export async function removeServer(directory: string, deadline: Deadline): Promise<void> {
  const dataDirectory = await findDataDirectory(directory)
  const postmaster = await findPostmaster(dataDirectory)
  if (postmaster !== undefined) {
    killPostmaster(postmaster.pid, 'SIGQUIT')
    await waitForEnd(postmaster.pid, deadline)
  }
  if (!dataDirectory.startsWith(directory)) await rm(dirname(dataDirectory), { recursive: true, force: true })
  await rm(directory, { recursive: true, force: true, maxRetries: 5 })
}

/** Sends a signal to a server; one that ended meanwhile is no error. */
export function killPostmaster(pid: number, signal: NodeJS.Signals): void {
  try {
    kill(pid, signal)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}

/** Waits until the program with that pid is gone. */
export async function waitForEnd(pid: number, deadline: Deadline): Promise<void> {
  const program = await programOf(pid)
  while (program !== undefined && (await isAlive(program))) {
    deadline.step = `waiting for the PostgreSQL with the pid ${pid} to end`
    await deadline.pause(10)
  }
}

async function signalPostmaster(
  placement: Pick<Placement, 'dataDirectory' | 'binaries'>,
  postmaster: Postmaster,
  mode: StopMode,
): Promise<void> {
  if (platform === 'win32') {
    const args = ['stop', '-D', placement.dataDirectory, '-m', mode, '-W']
    const child = spawn(placement.binaries.pgCtl, args, { stdio: 'ignore', windowsHide: true })
    await ended(child)
    return
  }
  killPostmaster(postmaster.pid, mode === 'smart' ? 'SIGTERM' : mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
}

/** Starts the server as a program of its own, and waits until it answers. What it logged, if it ended instead. */
async function launch(
  placement: Placement,
  address: ServerAddress,
  options: StartOptions,
  deadline: Deadline,
): Promise<RunningServer | { log: string }> {
  const { dataDirectory } = placement
  const mistaken = await findMistakenPid(dataDirectory)
  if (mistaken !== undefined) await rm(join(dataDirectory, 'postmaster.pid'), { force: true })

  const log = logFile(placement)
  await boundLog(log)
  const output = await open(log, 'a', 0o600)
  const logStart = (await output.stat()).size
  let child: ChildProcess
  let failure: string | undefined
  let end: Promise<string>
  try {
    if (placement.owner !== undefined) await output.chown(placement.owner.uid, placement.owner.gid)
    // Detached, that is, in a session of its own: neither our end nor Ctrl-C in our terminal ends it.
    child = spawn(placement.binaries.postgres, ['-D', dataDirectory, ...settings(address.port, options.durable)], {
      ...spawnOptions(placement, dataDirectory),
      stdio: ['ignore', output.fd, output.fd],
      detached: true,
    })
    // Before anything is waited for: a server with a mistake in its configuration has ended by then.
    end = ended(child).then((reason = 'ended with code 0') => (failure = reason))
  } finally {
    await output.close()
  }
  child.unref()
  try {
    for (;;) {
      deadline.step = `waiting for PostgreSQL to answer on 127.0.0.1:${address.port}`
      if (failure !== undefined) return { log: `${await logTail(log, logStart)}\n(${failure})`.trimStart() }
      const postmaster = await findPostmaster(dataDirectory)
      if (postmaster?.status === 'ready' && (await answers(address, deadline)))
        return { ...address, pid: postmaster.pid }
      await Promise.race([deadline.pause(20), end])
    }
  } catch (error) {
    // Nobody will use a server that was given up.
    if (failure === undefined) child.kill('SIGINT')
    throw error
  }
}

function settings(port: number, durable: boolean): string[] {
  const values = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    // The length of a socket's path is limited to about a hundred characters: there is none.
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] ',
    // Errors without their statements, which may contain secrets and would fill the log.
    log_min_error_statement: 'panic',
    fsync: durable ? 'on' : 'off',
    ...(durable ? {} : { synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function answers(address: ServerAddress, deadline: Deadline): Promise<boolean> {
  try {
    await withClient(address, 'postgres', deadline, (client) => client.query('SELECT 1'))
    return true
  } catch (error) {
    deadline.check()
    const code = errorCode(error)
    if (code === '28P01') {
      throw new EmbeddedDatabaseError(
        'ERR_EMBEDDED_DIRECTORY',
        'The embedded database refuses the password kept beside it: put the file "password" back as it was, or ' +
          'delete the directory to begin with an empty database',
      )
    }
    // Too many connections: it is there, and that is all we ask.
    return code === '53300'
  }
}

async function readPassword(placement: Placement): Promise<string> {
  const path = join(placement.directory, 'password')
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    throw new EmbeddedDatabaseError(
      'ERR_EMBEDDED_DIRECTORY',
      `${path} is missing, and without it the database cannot be opened: put it back, or delete ` +
        `${placement.directory} and ${placement.dataDirectory} to begin with an empty database`,
    )
  }
}

async function readPort(path: string): Promise<number | undefined> {
  const port = Number(await readFile(path, 'utf8').catch(() => ''))
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined
}

function portTaken(port: number): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'ERR_EMBEDDED_PORT',
    `Port ${port} on 127.0.0.1 is taken by another program: choose another one, or none to get one that is free`,
  )
}
