import { appendFile, chown, mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { attachEmbeddedDatabase, EmbeddedDatabaseError } from '../src/index.ts'
import { withDeadline } from '../src/deadline.ts'
import { withFileLock } from '../src/file-lock.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

describe('what cannot work is refused with a remedy:', () => {
  it('a directory that is a file, or lies under one', async () => {
    const directory = await temporaryDirectory()
    await writeFile(directory, 'a file')
    for (const path of [directory, join(directory, '.bmdb')]) {
      const attaching = attachEmbeddedDatabase({ directory: path })
      await expect(attaching).rejects.toBeInstanceOf(EmbeddedDatabaseError)
      await expect(attaching).rejects.toMatchObject({
        code: 'ERR_EMBEDDED_DIRECTORY',
        message: expect.stringContaining('choose another one') as string,
      })
    }
  })

  it('data that are none', async () => {
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'data', 'something'), { recursive: true })
    const attaching = attachEmbeddedDatabase({ directory })
    await expect(attaching).rejects.toMatchObject({ code: 'ERR_EMBEDDED_DIRECTORY' })
  })

  it('data of another version', async () => {
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'data'), { recursive: true })
    await writeFile(join(directory, 'data', 'PG_VERSION'), '13\n')
    // Root's server user reads them, so they must be its own.
    const other = await temporaryDirectory()
    const database = await attachEmbeddedDatabase({ directory: other, durable: false })
    const { uid, gid } = await stat(join(other, 'data'))
    await database.close()
    await chown(join(directory, 'data'), uid, gid)
    await expect(attachEmbeddedDatabase({ directory })).rejects.toMatchObject({
      code: 'ERR_EMBEDDED_VERSION',
      message: expect.stringContaining('written by PostgreSQL 13') as string,
    })
  })

  it('a server that does not start, with the end of its log', async () => {
    const directory = await temporaryDirectory()
    const database = await attachEmbeddedDatabase({ directory, durable: false })
    await database.close()
    await appendFile(join(directory, 'data', 'postgresql.conf'), '\nnonsense = 1\n')
    await expect(attachEmbeddedDatabase({ directory, durable: false })).rejects.toMatchObject({
      code: 'ERR_EMBEDDED_START',
      message: expect.stringContaining('unrecognized configuration parameter "nonsense"') as string,
    })
  })

  it.each([
    { port: 0 },
    { port: 1.5 },
    { database: '' },
    { database: 'x'.repeat(64) },
    { timeoutMs: 0 },
    { timeoutMs: Number.NaN },
    { inMemory: true },
  ])('the option %o', async (option) => {
    const directory = join(dirname(await temporaryDirectory()), 'never-made')
    await expect(attachEmbeddedDatabase({ directory, ...option })).rejects.toMatchObject({
      code: 'ERR_EMBEDDED_INVALID_ARGUMENT',
      message: expect.stringContaining(Object.keys(option)[0] ?? '') as string,
    })
  })
})

describe('nobody waits without a limit', () => {
  it('for the lock: the message names who holds it', async () => {
    const directory = await lockedDirectory()
    await expect(attachEmbeddedDatabase({ directory, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'ERR_EMBEDDED_TIMEOUT',
      message: expect.stringContaining(`held by program ${process.pid}`) as string,
    })
  })

  it('and an aborted call rejects with the reason of the signal, before and while it waits', async () => {
    const directory = await lockedDirectory()
    const reason = new Error('changed my mind')
    await expect(attachEmbeddedDatabase({ directory, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const attaching = attachEmbeddedDatabase({ directory, signal: controller.signal })
    controller.abort(reason)
    await expect(attaching).rejects.toBe(reason)
  })
})

/** A directory whose lock this test holds until it has finished. */
async function lockedDirectory(): Promise<string> {
  const directory = await temporaryDirectory()
  await mkdir(directory)
  let release = (): void => undefined
  const { holding } = await new Promise<{ holding: Promise<void> }>((resolve) => {
    const holding: Promise<void> = withDeadline('holding', {}, (deadline) =>
      withFileLock(join(directory, 'lock'), deadline, () => {
        queueMicrotask(() => resolve({ holding }))
        return new Promise<void>((end) => (release = end))
      }),
    )
  })
  onTestFinished(async () => {
    release()
    await holding
  })
  return directory
}
