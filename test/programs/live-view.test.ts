import { spawnSync } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from './eventually.ts'
import { PrivateWorkspace } from './private-workspace.ts'
import { descendantsOf, processes } from './processes.ts'
import { startProgram, type Program } from './program.ts'

test(
  'npm start on a terminal shows machines, sessions, work and programs, a killed worker too, until Ctrl-C',
  { timeout: 90_000 },
  async ({ skip }) => {
    if (spawnSync('script', ['-qec', 'true', '/dev/null']).status !== 0)
      skip('there is no script(1) of util-linux here')
    const workspace = new PrivateWorkspace()
    const stack = startProgram('npm start', ['--machines', '2', '--slow-milliseconds', '5000'], {
      cwd: workspace.directory,
      terminal: true,
    })
    const [, one, two] = await shows(stack, /worker-1 +(\d+) +running[^]*worker-2 +(\d+) +running/, 60_000)
    await shows(stack, /^BMDB · 2 machines, 0 inventoried · \d+ sessions · 2 work$/m)
    await shows(stack, /^machine +BMC +state *$/m)
    await shows(stack, /^[\da-f]{8} +http:\/\/127\.0\.0\.1:\d+ +being inventoried +token 1, session [\da-f]{8}$/m)
    await shows(stack, /^session +component +deadline in +holds *$/m)
    const [, holder] = await shows(stack, /^[\da-f]{8} +example-worker +\d\.\d s +[12] +host .*, pid (\d+), .*$/m)
    await shows(stack, /^database +postgresql:\/\/bmdb:[\w-]+@127\.0\.0\.1:\d+\/bmdb$/m)

    // The other one has room for all that it held.
    process.kill(Number(holder), 'SIGKILL')
    await shows(stack, new RegExp(`^worker-\\d +${holder} +ended by SIGKILL$`, 'm'))
    await shows(stack, new RegExp(`^worker-\\d +${holder === one ? two : one} +running$`, 'm'))
    await shows(stack, /^[\da-f]{8} +http:\/\/\S+ +being inventoried +token 2, session [\da-f]{8}$/m)

    const started = descendantsOf(stack.pid)
    stack.type('\u0003')
    expect(await stack.endsWithin(30_000)).toMatchObject({ code: 0 })
    expect(stripVTControlCharacters(stack.stdout)).toMatch(/stack: everything has ended\s*$/)
    expect(processes().filter(({ pid }) => started.includes(pid))).toEqual([])
    expect(workspace.running()).toBe(false)
    expect(await workspace.left()).toEqual({ sessions: 0, work: 0, reports: 0 })
  },
)

test('closing its terminal ends everything too', { timeout: 90_000 }, async ({ skip }) => {
  if (!thereIsScript()) skip('there is no script(1) of util-linux here')
  const workspace = new PrivateWorkspace()
  const options = { cwd: workspace.directory, terminal: true }
  const stack = startProgram('npm start', ['--machines', '1', '--workers', '1'], options)
  await shows(stack, /^BMDB · 1 machine, 1 inventoried/m, 60_000)
  const started = descendantsOf(stack.pid)
  onTestFinished(() => started.filter(isAlive).forEach((pid) => process.kill(pid, 'SIGKILL')))
  expect(started.length).toBeGreaterThanOrEqual(3)
  stack.signal('SIGKILL')
  await eventually('all programs end', () => !started.some(isAlive), 30_000)
  expect(workspace.running()).toBe(false)
  expect(await workspace.left()).toEqual({ sessions: 0, work: 0, reports: 1 })
})

function thereIsScript(): boolean {
  return spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0
}

function isAlive(pid: number): boolean {
  return processes().some((process) => process.pid === pid)
}

/** Waits until the view matches. */
async function shows(stack: Program, pattern: RegExp, limitMs = 20_000): Promise<RegExpExecArray> {
  return eventually(`the view shows ${pattern}`, () => pattern.exec(lastView(stack)) ?? undefined, limitMs).catch(
    (error: unknown) => {
      throw new Error(`${(error as Error).message}\n${lastView(stack)}`)
    },
  )
}

/** What was drawn since the view's first line was: on a terminal, lines that did not change are not drawn again. */
function lastView(stack: Program): string {
  const all = stripVTControlCharacters(stack.stdout).replaceAll('\r', '')
  return all.slice(Math.max(0, all.lastIndexOf('BMDB · ')))
}
