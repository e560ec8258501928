import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { parseFlags } from '../src/flags.ts'

// Run from its sources, so that the test does not depend on a build.
const MAIN = ['--import', 'tsx', path.resolve(import.meta.dirname, '../src/main.ts')]

function start(...flags: string[]) {
  const program = spawn(process.execPath, [...MAIN, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  program.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()))
  program.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()))
  const exit = once(program, 'close').then(([code]) => code as number | null)
  return { program, output, exit }
}

test.for(['SIGTERM', 'SIGINT'] as const)('prints a line for each BMC, serves, and ends well on %s', async (signal) => {
  const { program, exit } = start('--count', '2', '--seed', 'main')
  const lines: string[] = []
  for await (const line of createInterface(program.stdout)) if (lines.push(line) === 2) break
  const urls = lines.map((line) => line.split(' ')[0] ?? '')
  for (const url of urls) expect((await fetch(`${url}/redfish/v1/Systems/1`)).status).toBe(200)
  program.kill(signal)
  expect(await exit).toBe(0)
  for (const url of urls) await expect(fetch(url)).rejects.toThrow()
})

test('nonsense flags give one line and the exit code 2', async () => {
  const { output, exit } = start('--count', 'many')
  expect(await exit).toBe(2)
  expect(output).toEqual({
    stdout: '',
    stderr: "bmc-simulator: --count must be a whole number from 1 to 1000, not 'many'\n",
  })
})

test('a folder that is no tree gives one line and the exit code 1', async () => {
  const { output, exit } = start('--tree', import.meta.dirname)
  expect(await exit).toBe(1)
  expect(output.stderr).toMatch(/^bmc-simulator: no Redfish tree in .*\n$/)
})

test('the flags say what a rack is like', () => {
  expect(parseFlags([])).toMatchObject({ count: 12, firstPort: 0, seed: 'bmdb', faults: {} })
  const flags = '--count 3 --port 8000 --seed 5 --fault slow=20 --fault error --fault-on 2 --username u --password p'
  expect(parseFlags([...flags.split(' '), '--tree', '/tree'])).toEqual({
    ...{ count: 3, firstPort: 8000, seed: '5', tree: '/tree', faults: { slow: 20, error: true }, faultOn: 2 },
    credentials: { username: 'u', password: 'p' },
  })
  expect(parseFlags(['--help'])).toBeNull()
})

test.for([
  '--nonsense',
  'extra',
  '--count',
  '--count 0',
  '--count 1e3',
  '--count 2 --port 65535',
  '--port 0',
  '--fault explode',
  '--fault slow',
  '--fault slow=',
  '--fault slow=fast',
  '--fault slow=1e3',
  '--fault slow=700000',
  '--fault error=1',
  '--fault-on 1',
  '--count 2 --fault error --fault-on 2',
  '--username u',
  '--password p',
  '--username a:b --password p',
])('the flags %s are refused in one line', (flags) => {
  expect(() => parseFlags(flags.split(' '))).toThrow(/^[^\n]+$/)
})
