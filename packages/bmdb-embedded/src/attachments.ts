import { randomBytes } from 'node:crypto'
import { chown, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlive, ownProgram, parseProgramKey, programKey } from './program.ts'
import type { ServerUser } from './server-user.ts'

/*
 * Who is attached: one empty file each under `attached/`, named `<pid>-<start>.<random>`. Read and written under the
 * directory's lock. A program that was killed leaves its file behind, which whoever looks next removes.
 */

/** Enters this program; the name is for `leave`. A program may enter several times. */
export async function enter(directory: string, owner: ServerUser | undefined): Promise<string> {
  const name = `${programKey(await ownProgram())}.${randomBytes(6).toString('hex')}`
  const path = join(directory, 'attached', name)
  await writeFile(path, '', { mode: 0o600, flag: 'wx' })
  if (owner !== undefined) await chown(path, owner.uid, owner.gid)
  return name
}

/** Takes back what `enter` did. Harmless if it was taken back before, or somebody deleted the directory. */
export async function leave(directory: string, name: string): Promise<void> {
  await rm(join(directory, 'attached', name), { force: true })
}

/** The attachments of programs that still run; those of dead ones are removed. Empty if the directory is gone. */
export async function listAttached(directory: string): Promise<{ name: string; pid: number }[]> {
  const live: { name: string; pid: number }[] = []
  for (const name of await readdir(join(directory, 'attached')).catch(() => [])) {
    const program = parseProgramKey(name.split('.')[0] ?? '')
    if (program === undefined) continue
    if (await isAlive(program)) live.push({ name, pid: program.pid })
    else await leave(directory, name)
  }
  return live
}
