import { execFile } from 'node:child_process'
import { stat, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { EmbeddedDatabaseError } from './errors.ts'

/** Who PostgreSQL runs as, where that is not the user who runs this program. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** The user who runs this program; undefined where the platform has no such numbers (Windows). */
export function ownUid(): number | undefined {
  return process.getuid?.()
}

/**
 * Whom the server must run as: undefined means as ourselves. PostgreSQL refuses to run as root, so root gives it to
 * the owner of the workspace, else to `postgres`, else to `nobody`. `initdb` wants that user to have a name.
 *
 * @throws {EmbeddedDatabaseError} `ERR_EMBEDDED_USER` if root finds no such user
 */
export async function chooseServerUser(ownerUid: number): Promise<ServerUser | undefined> {
  if (ownUid() !== 0) return undefined
  if (ownerUid !== 0) {
    const owner = await lookUpUser(String(ownerUid))
    if (owner !== undefined) return owner
  }
  const user = (await lookUpUser('postgres')) ?? (await lookUpUser('nobody'))
  if (user !== undefined) return user
  throw new EmbeddedDatabaseError(
    'ERR_EMBEDDED_USER',
    'PostgreSQL does not run as root, and there is neither a user "postgres" nor a user "nobody" to run it as: ' +
      'run this as an ordinary user',
  )
}

async function lookUpUser(nameOrUid: string): Promise<ServerUser | undefined> {
  try {
    // Asked for its name first: that fails where a number has none.
    const name = await id('-un', nameOrUid)
    const [uid, gid] = await Promise.all([id('-u', name), id('-g', name)])
    return { uid: Number(uid), gid: Number(gid) }
  } catch {
    return undefined
  }
}

async function id(flag: string, user: string): Promise<string> {
  const { stdout } = await promisify(execFile)('id', [flag, '--', user], {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  })
  return stdout.trim()
}

/**
 * Whether `user` may walk to `path` and use it as `wanted` says (mode bits: 4 read, 1 run or enter). Judged by the
 * modes of everything on the way. A last part that is missing is no obstacle.
 */
export async function isReachable(path: string, user: ServerUser | undefined, wanted = 0o5): Promise<boolean> {
  if (user === undefined) return true
  let target: string
  try {
    target = await realpath(path)
  } catch {
    return isReachable(dirname(path), user, 0o1)
  }
  if (!(await permits(target, user, wanted))) return false
  for (let directory = dirname(target); ; directory = dirname(directory)) {
    if (!(await permits(directory, user, 0o1))) return false
    if (dirname(directory) === directory) return true
  }
}

async function permits(path: string, user: ServerUser, wanted: number): Promise<boolean> {
  const { uid, gid, mode } = await stat(path)
  const granted = uid === user.uid ? mode >> 6 : gid === user.gid ? mode >> 3 : mode
  return (granted & wanted) === wanted
}
