import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { findBinaries, type Binaries } from './binaries.ts'
import { isThere, ownerOf } from './directory.ts'
import { EmbeddedDatabaseError } from './errors.ts'
import {
  chooseLocation,
  findMemory,
  findSharedDirectory,
  isInMemory,
  makeLocation,
  readLocation,
  sharedDirectories,
} from './location.ts'
import { chooseServerUser, isReachable, ownUid, type ServerUser } from './server-user.ts'

/**
 * Where everything of one server is.
 *
 * Normally all of it is in one directory, a workspace's `.bmdb/`. Root is the exception: PostgreSQL then runs as
 * another user, and that one may be unable to walk to the workspace (`/root` and what `mktemp -d` makes are closed to
 * everybody else). Then the data, and a copy of the binaries, are kept where it can; `.bmdb/location` says where. It
 * also does where data were wished to be in memory.
 */
export interface Placement {
  /** The caller's directory, absolute, without symbolic links. */
  readonly directory: string
  readonly dataDirectory: string
  readonly binaries: Binaries
  /** Whom the server runs as; undefined: as ourselves. */
  readonly user: ServerUser | undefined
  /** Who owns the files that are not the server's; undefined: ourselves. */
  readonly owner: ServerUser | undefined
}

/**
 * Finds out who the server runs as and where its files are. Call it under the directory's lock.
 *
 * @param inMemory where there are no data yet: keep them in memory, if there is enough of it
 */
export async function findPlacement(directory: string, { inMemory = false } = {}): Promise<Placement> {
  const owner = await ownerOf(directory)
  const own = join(directory, 'data')
  const located = await readLocation(directory)
  // What was in memory is gone after the machine started anew, as it was said it would be.
  const known = located !== undefined && isInMemory(located) && !(await isThere(dirname(located))) ? undefined : located
  const existing = await stat(known ?? own).catch(() => undefined)
  const user = await chooseServerUser(existing?.uid ?? owner?.uid ?? 0)
  checkOwner(known ?? own, existing?.uid, user)

  let dataDirectory = known ?? own
  const memory = inMemory && known === undefined && existing === undefined ? await findMemory(user) : undefined
  if (memory !== undefined) {
    dataDirectory = await makeLocation(memory, directory, user, true)
  } else if (known === undefined && !(await isReachable(own, user))) {
    if (existing !== undefined) throw unreachable(own)
    dataDirectory = await chooseLocation(directory, user)
  } else if (known !== undefined && !(await isThere(dirname(known)))) {
    throw missing(directory, known)
  } else if (!(await isReachable(dataDirectory, user))) {
    throw unreachable(dataDirectory)
  }
  const binaries = await findBinaries(user, async () =>
    user === undefined ? directory : ((await findSharedDirectory(sharedDirectories(), user)) ?? directory),
  )
  return { directory, dataDirectory, binaries, user, owner }
}

/** Where the data of a directory are, or will be unless the server's user cannot go there. */
export async function findDataDirectory(directory: string): Promise<string> {
  return (await readLocation(directory)) ?? join(directory, 'data')
}

function checkOwner(dataDirectory: string, uid: number | undefined, user: ServerUser | undefined): void {
  const runner = user?.uid ?? ownUid()
  if (uid === undefined || runner === undefined || uid === runner) return
  throw new EmbeddedDatabaseError(
    'ERR_EMBEDDED_DIRECTORY',
    `The database under ${dataDirectory} belongs to the user with the number ${uid}: run this as that user or as ` +
      'root, or delete the directory to begin with an empty database',
  )
}

function missing(directory: string, dataDirectory: string): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'ERR_EMBEDDED_DIRECTORY',
    `The database of ${directory} was kept under ${dataDirectory} and is not there any more: put it back, or delete ` +
      `${directory} to begin with an empty database`,
  )
}

function unreachable(dataDirectory: string): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'ERR_EMBEDDED_DIRECTORY',
    `The database under ${dataDirectory} belongs to a user who cannot walk to it: open the directories above it for ` +
      'that user (chmod o+x), or delete it to begin with an empty database',
  )
}
