import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { EmbeddedDatabaseError, errorCode, errorMessage } from './errors.ts'
import { ownUid, type ServerUser } from './server-user.ts'

/**
 * Makes the directory if it is missing, so that it can be locked. Safe when many do so at once: it is made under
 * another name and renamed, so that nobody judges it by the mode and owner that it has for a moment.
 */
export async function makeDirectory(directory: string): Promise<string> {
  try {
    const owner = await ownerOf(resolve(directory))
    if (!(await isThere(directory))) await makeMissing(resolve(directory), owner)
    const path = await realpath(directory)
    if ((await mkdir(join(path, 'attached'), { recursive: true })) !== undefined && owner !== undefined) {
      await chown(join(path, 'attached'), owner.uid, owner.gid)
    }
    return path
  } catch (error) {
    throw directoryError(directory, error)
  }
}

async function makeMissing(directory: string, owner: ServerUser | undefined): Promise<void> {
  await mkdir(dirname(directory), { recursive: true })
  const temporary = `${directory}.${randomBytes(6).toString('hex')}`
  try {
    await mkdir(join(temporary, 'attached'), { recursive: true })
    // The server's user, where it is another one, walks through it to its data. What must be hidden is closed itself.
    await chmod(temporary, ownUid() === 0 ? 0o711 : 0o700)
    if (owner !== undefined) {
      for (const path of [temporary, join(temporary, 'attached')]) await chown(path, owner.uid, owner.gid)
    }
    await rename(temporary, directory)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    if (!(await isThere(directory))) throw error
  }
}

/** Writes a small file in one step: it is there whole or not at all. */
export async function writeWhole(
  { owner }: { readonly owner: ServerUser | undefined },
  path: string,
  content: string,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(temporary, content, { mode: 0o600, flush: true })
  if (owner !== undefined) await chown(temporary, owner.uid, owner.gid)
  await rename(temporary, path)
}

/** Wraps what the file system says about the directory, with the remedy. Errors of this package pass. */
export function directoryError(directory: string, error: unknown): unknown {
  const code = errorCode(error)
  if (code === undefined || error instanceof EmbeddedDatabaseError) return error
  const remedy =
    code === 'EACCES' || code === 'EPERM'
      ? 'it belongs to another user: run this as that user, or choose another directory'
      : code === 'ENOTDIR' || code === 'EEXIST'
        ? 'something on the path is not a directory: choose another one'
        : code === 'ENOSPC'
          ? 'the disk is full'
          : 'choose another directory'
  return new EmbeddedDatabaseError(
    'ERR_EMBEDDED_DIRECTORY',
    `Cannot keep a database under ${directory}: ${remedy} (${errorMessage(error)})`,
    { cause: error },
  )
}

/** As root, files belong to whom the directory around them belongs, so that this user can go on without root. */
export async function ownerOf(directory: string): Promise<ServerUser | undefined> {
  if (ownUid() !== 0) return undefined
  for (let path = directory; ; path = dirname(path)) {
    const found = await stat(path).catch(() => undefined)
    if (found === undefined && dirname(path) !== path) continue
    return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid }
  }
}

/** Whether there is anything under that path. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
