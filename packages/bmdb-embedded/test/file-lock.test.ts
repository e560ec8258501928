import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withDeadline } from '../src/deadline.ts'
import { withFileLock } from '../src/file-lock.ts'
import { ownProgram, programKey } from '../src/program.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

it('lets one in at a time, also when all find the file of a dead holder', async () => {
  const directory = await temporaryDirectory()
  await mkdir(directory)
  const lock = join(directory, 'lock')
  let inside = 0
  let most = 0
  for (let round = 0; round < 20; round++) {
    await writeFile(lock, `${process.pid}-1 0123\n`)
    await Promise.all(
      Array.from({ length: 16 }, () =>
        withDeadline('the test', { timeoutMs: 20_000 }, (deadline) =>
          withFileLock(lock, deadline, async () => {
            most = Math.max(most, ++inside)
            await deadline.pause(1)
            inside--
          }),
        ),
      ),
    )
  }
  expect(most).toBe(1)
  expect(await readdir(directory)).toEqual([])
})

it('is released when the function throws', async () => {
  const directory = await temporaryDirectory()
  await mkdir(directory)
  const cause = new Error('inside')
  const locked = withDeadline('the test', {}, (deadline) =>
    withFileLock(join(directory, 'lock'), deadline, () => Promise.reject(cause)),
  )
  await expect(locked).rejects.toBe(cause)
  expect(await readdir(directory)).toEqual([])
})

it('is taken from a dead holder by one at a time, who looks again', async () => {
  const directory = await temporaryDirectory()
  await mkdir(directory)
  const lock = join(directory, 'lock')
  await writeFile(lock, `${process.pid}-1 0123\n`)
  await writeFile(`${lock}.break`, `${programKey(await ownProgram())} 4567\n`)
  const take = (timeoutMs: number): Promise<void> =>
    withDeadline('the test', { timeoutMs }, (deadline) => withFileLock(lock, deadline, () => Promise.resolve()))
  await expect(take(100)).rejects.toMatchObject({ code: 'ERR_EMBEDDED_TIMEOUT' })
  await rm(`${lock}.break`)
  await take(10_000)
})
