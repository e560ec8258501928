import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ROLE } from './connection.ts'
import type { Deadline } from './deadline.ts'
import { writeWhole } from './directory.ts'
import { EmbeddedDatabaseError, errorCode } from './errors.ts'
import type { Placement } from './placement.ts'
import { ended, spawnOptions } from './spawn.ts'

/**
 * Makes the data directory, unless it is there. A whole one or none: made under another name, and renamed. Call it
 * under the directory's lock.
 */
export async function initialise(
  placement: Placement,
  options: { readonly durable: boolean; readonly onProgress: (line: string) => void },
  deadline: Deadline,
): Promise<void> {
  const { dataDirectory, binaries, user } = placement
  const version = await readFile(join(dataDirectory, 'PG_VERSION'), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  })
  if (version !== undefined) {
    if (version.trim() === binaries.major) return
    throw new EmbeddedDatabaseError(
      'ERR_EMBEDDED_VERSION',
      `The database under ${dataDirectory} was written by PostgreSQL ${version.trim()}, and this is ` +
        `${binaries.version}: dump it with the version that wrote it, or delete it to begin with an empty database`,
    )
  }
  if (await stat(dataDirectory).catch(() => undefined)) {
    throw new EmbeddedDatabaseError(
      'ERR_EMBEDDED_DIRECTORY',
      `${dataDirectory} is there, but is not a database: move it away or delete it`,
    )
  }

  options.onProgress(`creating the database under ${dataDirectory}`)
  deadline.step = `creating the database under ${dataDirectory}`
  const parent = dirname(dataDirectory)
  for (const name of await readdir(parent)) {
    // Left by a program that was killed. Its initdb may still be writing: then the next one removes it.
    if (name.startsWith('data.new-')) {
      await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined)
    }
  }
  const password = randomBytes(24).toString('base64url')
  await writeWhole(placement, join(placement.directory, 'password'), `${password}\n`)

  const temporary = join(parent, `data.new-${randomBytes(4).toString('hex')}`)
  const passwordFile = join(temporary, 'password')
  const fresh = join(temporary, 'data')
  try {
    await mkdir(temporary, { mode: 0o700 })
    await writeFile(passwordFile, password, { mode: 0o600 })
    if (user !== undefined) for (const path of [temporary, passwordFile]) await chown(path, user.uid, user.gid)
    await runInitdb(placement, fresh, passwordFile, options.durable, deadline)
    await rename(fresh, dataDirectory)
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
  }
}

async function runInitdb(
  placement: Placement,
  fresh: string,
  passwordFile: string,
  durable: boolean,
  deadline: Deadline,
): Promise<void> {
  const args = [
    ...['--pgdata', fresh, '--username', ROLE, '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    // The order of code points, as CockroachDB has it, and the same on every platform.
    ...['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
    ...['--no-instructions', ...(durable ? [] : ['--no-sync'])],
  ]
  const child = spawn(placement.binaries.initdb, args, {
    ...spawnOptions(placement, dirname(fresh)),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text))
  const onAbort = (): boolean => child.kill('SIGTERM')
  deadline.signal.addEventListener('abort', onAbort, { once: true })
  try {
    const failure = await ended(child)
    deadline.check()
    if (failure === undefined) return
    if (output.includes('could not look up effective user ID')) {
      throw new EmbeddedDatabaseError(
        'ERR_EMBEDDED_USER',
        'PostgreSQL needs a user that has a name, and this one has only a number: run this as a user that ' +
          '/etc/passwd knows (in a container: add one there)',
      )
    }
    throw new EmbeddedDatabaseError('ERR_EMBEDDED_START', `initdb failed, ${failure}:\n${output.trimEnd()}`)
  } finally {
    deadline.signal.removeEventListener('abort', onAbort)
  }
}
