import { describe, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { PrivateWorkspace } from './private-workspace.ts'
import { childrenOf, processes } from './processes.ts'
import { startProgram, type Program } from './program.ts'

interface Stack {
  readonly stack: Program
  readonly workspace: PrivateWorkspace
}

/** Starts the stack in a workspace of its own. */
function startStack(...args: string[]): Stack {
  const workspace = new PrivateWorkspace()
  return { workspace, stack: startProgram('npm start', args, { cwd: workspace.directory }) }
}

/** Waits until so many programs run, the workers among them; returns their process ids. */
async function untilRunning({ stack, workspace }: Stack, programs: number): Promise<number[]> {
  await stack.printed(/worker-1: started a session/, 60_000)
  await stack.printed(/worker-2: started a session/, 60_000)
  const children = childrenOf(stack.pid)
  expect(children).toHaveLength(programs)
  expect(workspace.running()).toBe(true)
  return children
}

function alive(pids: readonly number[]): number[] {
  return processes().flatMap(({ pid }) => (pids.includes(pid) ? [pid] : []))
}

describe('npm start', { timeout: 90_000 }, () => {
  test('with --once inventories every machine, ends well, and leaves nothing', async () => {
    const { stack, workspace } = startStack('--once', '--machines', '5', '--slow-milliseconds', '0')
    const children = await untilRunning({ stack, workspace }, 3)
    const { code } = await stack.endsWithin(60_000)
    expect({ code, stderr: stack.stderr }).toEqual({ code: 0, stderr: '' })
    expect(stack.stdout).toMatch(/stack: all 5 machines inventoried in [\d.]+ s\n/)
    expect(stack.stdout).toMatch(/stack: everything has ended\n$/)
    expect(alive(children)).toEqual([])
    expect(workspace.running()).toBe(false)
    expect(await workspace.left()).toEqual({ sessions: 0, work: 0, reports: 5 })
  })

  test('with --once ends with 1 and says why, when machines are not inventoried in time', async () => {
    const { stack, workspace } = startStack(
      ...['--once', '--machines', '2', '--slow-milliseconds', '5000', '--limit-seconds', '4'],
    )
    const { code } = await stack.endsWithin(60_000)
    expect(code).toBe(1)
    expect(stack.stdout).toMatch(
      /stack: the limit of 4 s has passed; not inventoried: http:\/\/127\.0\.0\.1:\d+ \((waiting|being inventoried: token 1)/,
    )
    expect(workspace.running()).toBe(false)
    expect(await workspace.left()).toEqual({ sessions: 0, work: 0, reports: 0 })
  })

  test('ends everything when asked to stop, also when a worker was killed before', async () => {
    const { stack, workspace } = startStack('--machines', '4', '--slow-milliseconds', '5000')
    const children = await untilRunning({ stack, workspace }, 4)
    // Each worker takes two machines.
    await eventually('all machines are held', async () => (await workspace.left()).work === 4)
    process.kill(children.at(-1)!, 'SIGKILL')
    await stack.printed(/worker-\d: ended by SIGKILL/)
    stack.signal('SIGTERM')
    const { code } = await stack.endsWithin(30_000)
    expect({ code, stderr: stack.stderr }).toEqual({ code: 0, stderr: '' })
    expect(alive(children)).toEqual([])
    expect(workspace.running()).toBe(false)
    expect(await workspace.left()).toEqual({ sessions: 0, work: 0, reports: 0 })
    const ends = await workspace.query(
      `SELECT event, count(*)::int4 FROM work_history WHERE event <> 'Started' GROUP BY event ORDER BY event`,
    )
    expect(ends).toEqual([
      { event: 'Canceled', count: 2 },
      { event: 'Expired', count: 2 },
    ])
  })
})
