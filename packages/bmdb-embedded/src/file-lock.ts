import { link, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import type { Deadline } from './deadline.ts'
import { EmbeddedDatabaseError, errorCode } from './errors.ts'
import { isAlive, ownProgram, parseProgramKey, programKey } from './program.ts'

/** How long a lock file without contents is taken for one that is just being written. */
const UNWRITTEN_MS = 10_000

/**
 * Runs `fn` while holding the lock at `path`: a file, created exclusively, that names its holder. It works between
 * programs, between threads and within one thread, on every platform.
 *
 * A dead holder's file is removed by whoever holds the lock `<path>.break`, who looks again before removing. Without
 * that, two who both saw the dead holder's file could each remove one: the dead one's and the other's new one. The
 * second lock has the same form and the same rule, so that a death in between leaves nothing stuck.
 */
export async function withFileLock<T>(path: string, deadline: Deadline, fn: () => Promise<T>): Promise<T> {
  const content = `${programKey(await ownProgram())} ${randomBytes(8).toString('hex')}\n`
  await acquire(path, content, deadline, 0)
  try {
    return await fn()
  } finally {
    // Somebody may have deleted the directory, and the next one taken the lock there: only our own file is ours.
    if ((await read(path)) === content) await rm(path, { force: true })
  }
}

async function acquire(path: string, content: string, deadline: Deadline, depth: number): Promise<void> {
  const temporary = `${path}.${content.trim().replace(' ', '-')}`
  try {
    for (let waited = 0; ; waited++) {
      deadline.check()
      if (await createExclusively(path, temporary, content)) return
      const holder = await read(path)
      if (holder === undefined) continue
      if (await isStale(path, holder)) {
        await breakStale(path, content, deadline, depth)
        continue
      }
      deadline.step = `waiting for ${path}, held by program ${holder.split('-')[0]?.trim() ?? '?'}`
      await deadline.pause(Math.min(5 + waited * 2, 40) * (0.5 + Math.random()))
    }
  } finally {
    await rm(temporary, { force: true })
  }
}

async function breakStale(path: string, content: string, deadline: Deadline, depth: number): Promise<void> {
  const guard = `${path}.break`
  if (depth >= 3) {
    throw new EmbeddedDatabaseError('ERR_EMBEDDED_DIRECTORY', `${guard} is left over from a dead program: delete it`)
  }
  await acquire(guard, content, deadline, depth + 1)
  try {
    const holder = await read(path)
    if (holder !== undefined && (await isStale(path, holder))) await rm(path, { force: true })
  } finally {
    await rm(guard, { force: true })
  }
}

/** Through a link, so that nobody ever sees the file without its contents. */
async function createExclusively(path: string, temporary: string, content: string): Promise<boolean> {
  await writeFile(temporary, content, { mode: 0o644 })
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    if (errorCode(error) === 'ENOENT') throw error
  }
  // A file system without hard links.
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o644 })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

async function isStale(path: string, content: string): Promise<boolean> {
  const program = parseProgramKey(content.split(' ')[0] ?? '')
  if (program !== undefined && content.endsWith('\n')) return !(await isAlive(program))
  try {
    return Date.now() - (await stat(path)).mtimeMs > UNWRITTEN_MS
  } catch {
    return false
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
