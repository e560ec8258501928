import { createHash, randomBytes } from 'node:crypto'
import { chmod, chown, lstat, mkdir, readdir, readFile, realpath, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { directoryError, isThere, ownerOf, writeWhole } from './directory.ts'
import { EmbeddedDatabaseError, errorCode } from './errors.ts'
import { findPostmaster } from './postmaster.ts'
import { isReachable, ownUid, type ServerUser } from './server-user.ts'

/** Where Linux has a file system in memory, open to all users. */
const MEMORY = '/dev/shm'
const TMPFS_MAGIC = 0x0102_1994
const MEMORY_NEEDED_BYTES = 1024 ** 3

/** Where the data of a directory are, if not in it. */
export async function readLocation(directory: string): Promise<string | undefined> {
  try {
    return (await readFile(join(directory, 'location'), 'utf8')).trim()
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined
    throw directoryError(directory, error)
  }
}

/** A new place for the data of a directory that the server's user cannot reach. */
export async function chooseLocation(directory: string, user: ServerUser | undefined): Promise<string> {
  const inTemporary = directory.startsWith((await realpath(tmpdir())) + sep)
  // A short-lived workspace should not leave its data in a place that lives long.
  const candidates = inTemporary ? sharedDirectories().reverse() : sharedDirectories()
  const parent = await findSharedDirectory(candidates, user)
  if (parent !== undefined) return makeLocation(parent, directory, user, inTemporary)
  throw new EmbeddedDatabaseError(
    'ERR_EMBEDDED_DIRECTORY',
    `PostgreSQL cannot run as root, and no other user can reach ${directory}: run this as an ordinary user, or ` +
      'put the workspace where others can reach it',
  )
}

/**
 * A new place under `parent`, entered in the directory's `location`.
 *
 * The name has two parts: one from the directory's path, and one drawn anew, since a server may still run on the data
 * of a `.bmdb/` that was deleted. What such a one left behind is removed here once its server is gone; in places for
 * what is short-lived, the same is done for all directories that are gone. (Elsewhere they may just not be mounted.)
 */
export async function makeLocation(
  parent: string,
  directory: string,
  user: ServerUser | undefined,
  isShortLived: boolean,
): Promise<string> {
  const prefix = `data-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}-`
  for (const name of await readdir(parent)) {
    const place = join(parent, name)
    const abandoned = name.startsWith(prefix) || (isShortLived && (await isAbandoned(place)))
    if (!abandoned || (await findPostmaster(join(place, 'data'))) !== undefined) continue
    await rm(place, { recursive: true, force: true }).catch(() => undefined)
  }
  const place = join(parent, prefix + randomBytes(4).toString('hex'))
  await mkdir(place, { mode: 0o700 })
  await writeFile(join(place, 'belongs-to'), directory)
  if (user !== undefined) await chown(place, user.uid, user.gid)
  await writeWhole({ owner: await ownerOf(directory) }, join(directory, 'location'), join(place, 'data') + '\n')
  return join(place, 'data')
}

async function isAbandoned(place: string): Promise<boolean> {
  const directory = await readFile(join(place, 'belongs-to'), 'utf8').catch(() => undefined)
  return directory !== undefined && !(await isThere(directory))
}

/** A directory in memory, if this system has one with room enough: containers often have 64 MB only. */
export async function findMemory(user: ServerUser | undefined): Promise<string | undefined> {
  try {
    const { type, bavail, bsize } = await statfs(MEMORY)
    if (type !== TMPFS_MAGIC || bavail * bsize < MEMORY_NEEDED_BYTES) return undefined
    return await findSharedDirectory([join(MEMORY, `bmdb-${ownUid()}`)], user)
  } catch {
    return undefined
  }
}

/** Whether those data end with the machine's run. */
export function isInMemory(path: string): boolean {
  return path.startsWith(MEMORY + sep)
}

/** Where root keeps what its server's user must reach, in order of preference. */
export function sharedDirectories(): string[] {
  return ['/var/lib/bmdb', join(tmpdir(), 'bmdb-root')]
}

/** The first that is there, or can be made, is ours alone, and can be entered by the server's user. */
export async function findSharedDirectory(
  candidates: string[],
  user: ServerUser | undefined,
): Promise<string | undefined> {
  for (const candidate of candidates) {
    try {
      const made = await mkdir(candidate, { mode: 0o711 }).then(
        () => true,
        () => false,
      )
      if (made) await chmod(candidate, 0o711)
      const found = await lstat(candidate)
      // Others' directories, or ones that others write to, could lend us programs and data of theirs.
      if (!found.isDirectory() || found.uid !== ownUid() || (found.mode & 0o022) !== 0) continue
      if (await isReachable(candidate, user, 0o1)) return await realpath(candidate)
    } catch {
      continue
    }
  }
  return undefined
}
