import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, onTestFinished, test } from 'vitest'
import { eventually, testDatabase } from './setup.ts'

const directory = join(import.meta.dirname, '..')
const readme = readFileSync(join(directory, 'README.md'), 'utf8')
const [, example] = /```ts\n(.*?)```/s.exec(readme)!

/** The example in a folder where it can import the workspace's packages. */
function writeExample(): string {
  mkdirSync(join(directory, '../../.bmdb/test'), { recursive: true })
  const folder = mkdtempSync(join(directory, '../../.bmdb/test/worker-readme-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'worker.mts'), example!)
  return folder
}

test('the first example of the README has under 40 lines, and compiles as it stands', { timeout: 60_000 }, async () => {
  expect(example!.split('\n').length).toBeLessThan(40)
  const folder = writeExample()
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(directory, '../../tsconfig.base.json'),
      compilerOptions: {
        noEmit: true,
        // The types of what was built are fewer to check, where they are fresh.
        ...(inject('built') ? { customConditions: [] } : {}),
        typeRoots: [join(directory, '../../node_modules/@types')],
      },
      include: ['worker.mts'],
    }),
  )
  const tsc = join(directory, '../../node_modules/typescript/bin/tsc')
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '--project', folder]).catch(
    (error: unknown) => error as { stdout: string },
  )
  expect(stdout).toBe('')
})

test('the first example of the README does what it says', { timeout: 60_000 }, async () => {
  const database = await testDatabase()
  const server = createServer((request, response) => {
    response.statusCode = request.url?.startsWith('/none') === true ? 404 : 200
    response.end(JSON.stringify({ Model: 'X1', url: request.url }))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const [sound, broken, without] = await database.addMachines(3)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await database.sql('INSERT INTO machine_bmc VALUES ($1::uuid, $2), ($3::uuid, $4)', sound, url, broken, `${url}/none`)

  // What was built starts faster, where it is fresh.
  const conditions = inject('built') ? [] : ['--conditions=@bmdb/source']
  const child = spawn(process.execPath, ['--import', 'tsx', ...conditions, 'worker.mts'], {
    cwd: writeExample(),
    env: { ...process.env, BMDB_DATABASE_URL: database.url },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  await eventually('a report and a parked machine', async () => {
    return (await database.count('machine_hardware_report')) === 1 && (await database.count('work_backoff')) === 1
  })
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  // The console writes warnings there: the parked one, with its fields on lines of their own, and nothing else.
  expect(stderr.split('\n').filter((line) => /^\w/.test(line))).toEqual(['parked {'])
  expect(await database.events(sound!)).toEqual(['Started', 'Finished'])
  expect(await database.events(broken!)).toEqual(['Started', 'Parked'])
  expect(await database.events(without!)).toEqual([])
  expect(await database.count('sessions')).toBe(0)
})
