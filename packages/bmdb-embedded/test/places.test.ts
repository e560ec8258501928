import { mkdir, readFile, realpath, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { attachEmbeddedDatabase, findWorkspaceDirectory, removeEmbeddedDatabase } from '../src/index.ts'
import { boundLog, LOG_LIMIT_BYTES } from '../src/log-file.ts'
import { findMemory } from '../src/location.ts'
import { chooseServerUser } from '../src/server-user.ts'
import { query } from './support/query.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

const memory = await findMemory(await chooseServerUser(0))

it('finds the workspace around a package, and takes the directory itself where there is none', async () => {
  const workspace = await temporaryDirectory()
  const inside = join(workspace, 'packages', 'one')
  await mkdir(inside, { recursive: true })
  expect(findWorkspaceDirectory(inside)).toBe(inside)
  await writeFile(join(workspace, 'package.json'), '{ "workspaces": ["packages/*"] }')
  await writeFile(join(inside, 'package.json'), '{ "name": "one" }')
  expect(findWorkspaceDirectory(inside)).toBe(workspace)
  expect(findWorkspaceDirectory(workspace)).toBe(workspace)
})

it('keeps the log short', async () => {
  const log = await temporaryDirectory('postgres.log')
  await writeFile(log, 'kept')
  await boundLog(log)
  expect(await readFile(log, 'utf8')).toBe('kept')
  await truncate(log, LOG_LIMIT_BYTES)
  await boundLog(log)
  expect((await stat(log)).size).toBe(0)
  expect((await stat(`${log}.1`)).size).toBe(LOG_LIMIT_BYTES)
})

it.skipIf(memory === undefined)(
  'keeps data in memory where that is wished, finds them again, and removes them with the rest',
  async () => {
    const directory = await temporaryDirectory()
    const first = await attachEmbeddedDatabase({ directory, durable: false, inMemory: true })
    const [row] = await query<{ data: string }>(first.url, `SELECT current_setting('data_directory') AS data`)
    expect(row?.data.startsWith(`${await realpath(memory ?? '')}/`)).toBe(true)
    await query(first.url, 'CREATE TABLE kept (id INT4)')
    await first.close()
    const second = await attachEmbeddedDatabase({ directory, durable: false })
    expect(await query(second.url, 'SELECT * FROM kept')).toEqual([])
    await removeEmbeddedDatabase({ directory })
    await removeEmbeddedDatabase({ directory })
    for (const gone of [directory, dirname(row?.data ?? '')]) {
      await expect(stat(gone)).rejects.toMatchObject({ code: 'ENOENT' })
    }
    await second.close()
  },
)
