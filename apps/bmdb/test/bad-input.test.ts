import { expect, test } from 'vitest'
import { invoke } from './invoke.ts'
import { Program } from './program.ts'
import { rowCounts, testMachines } from './setup.ts'

const id = '6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d'
const because = ['--reason', 'r']
const cursorOf = (...parts: string[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url')

/** What is typed, and what the error has to name. */
const bad: [argv: string[], named: string][] = [
  [[], 'which command'],
  [['machine'], 'which command'],
  [['nosuch'], 'nosuch'],
  [['machine', 'nosuch'], 'nosuch'],
  [['help', 'nosuch'], 'which command'],
  [['machine', 'ls', '--nosuch'], '--nosuch'],
  [['machine', 'ls', 'extra'], 'too many arguments'],
  [['machine', 'ls', '--json=yes'], '--json'],
  [['machine', 'ls', '--limit'], '--limit'],
  [['machine', 'ls', '--limit', '0'], '"0"'],
  [['machine', 'ls', '--limit', '1001'], '"1001"'],
  [['machine', 'ls', '--limit', '1.5'], '"1.5"'],
  [['machine', 'ls', '--limit', '1e2'], '"1e2"'],
  [['machine', 'ls', '--limit', ''], 'empty'],
  [['machine', 'ls', '--after', 'x'], '"x"'],
  [['machine', 'ls', '--after', cursorOf(id, 'P')], 'cursor'],
  [['machine', 'ls', '--after', cursorOf("2026-11-01 00:00:00+00'; --", id)], 'cursor'],
  [['machine', 'ls', '--kind', 'rack'], '--domain'],
  [['machine', 'ls', '--retired', '--in-service'], '--in-service'],
  [['machine', 'ls', '--id-prefix', 'xyz'], '"xyz"'],
  [['machine', 'ls', '--timeout', 'soon'], '"soon"'],
  [['machine', 'ls', '--timeout', '-1'], '"-1"'],
  [['--timeout', 'soon', 'machine', 'ls'], '"soon"'],
  [['machine', 'ls', '--database-url', 'mysql://u:s3cret@h/d'], 'postgresql://'],
  [['machine', 'ls', '--database-url', 'not a url s3cret'], 'URL'],
  [['machine', 'ls', '--database-ulr=postgresql://u:s3cret@h/d'], 'unknown option'],
  [['machine', 'show'], 'MACHINE'],
  [['machine', 'show', 'not-a-uuid'], '"not-a-uuid"'],
  [['machine', 'show', `${id}0`], id],
  [['machine', 'add', 'x', ...because], '"x"'],
  [['machine', 'add'], '--reason'],
  [['machine', 'add', '--reason', ''], 'empty'],
  [['machine', 'add', '--reason', '   '], '"   "'],
  [['machine', 'add', '--reason', '--json'], '"--json"'],
  [['machine', 'add', '--reason', 'x'.repeat(501)], 'xxx…'],
  [['machine', 'add', ...because, '--operator', 'x'.repeat(129)], 'xxx…'],
  [['machine', 'add', ...because, '--operator', ''], 'empty'],
  [['machine', 'retire', 'x', ...because], '"x"'],
  [['machine', 'retire', id], '--reason'],
  [['machine', 'return', id, 'extra', ...because], 'too many arguments'],
  [['machine', 'delete', '', ...because], 'empty'],
  [['machine', 'lock-out', id, ...because, '--until', 'tomorrow'], '"tomorrow"'],
  [['machine', 'lock-out', id, ...because, '--until', '2020-01-01T00:00:00Z'], '2020-01-01'],
  [['machine', 'lock-out', id, ...because, '--until', '2999-02-30T00:00:00Z'], '2999-02-30'],
  [['machine', 'lock-out', id, ...because, '--until', '2999-01-01'], '2999-01-01'],
  [['machine', 'lock-out', id, ...because, '--seconds', '31536001'], '"31536001"'],
  [['machine', 'lock-out', id, ...because, '--seconds', '5', '--until', '2999-01-01T00:00:00Z'], 'cannot be used with'],
  [['machine', 'end-lock-out', ...because], 'MACHINE'],
  [['machine', 'domain', id, ...because], 'KIND'],
  [['machine', 'domain', id, 'k'.repeat(129), ...because], 'kkk…'],
  [['machine', 'domain', id, 'rack', '', ...because], 'empty'],
  [['session', 'end', 'x', ...because], '"x"'],
  [['session', 'ls', '--alive', '--expired'], '--expired'],
  [['work', 'ls', '--machine', 'x'], '"x"'],
  [['work', 'ls', '--after', cursorOf('2026-11-01 00:00:00+00', id)], 'cursor'],
  [['work', 'release', id, ...because], 'PROCESS'],
  [['work', 'release', id, 'P', ...because, '--grace', '3601'], '"3601"'],
  [['work', 'release', id, 'P', ...because, '--grace', '1', '--force'], 'cannot be used with'],
  [['backoff', 'set', id, 'P', ...because], '--seconds'],
  [['backoff', 'set', id, 'P', ...because, '--seconds', '0.5'], '"0.5"'],
  [['backoff', 'park', id, 'p'.repeat(129), ...because], 'ppp…'],
  [['backoff', 'clear', id, ...because], 'PROCESS'],
  [['process', 'pause', ...because], 'PROCESS'],
  [['process', 'pause', 'P'], '--reason'],
  [['process', 'ls', '--after', cursorOf('a', 'b')], 'cursor'],
  [['explain', id], 'PROCESS'],
  [['explain', 'x', 'P'], '"x"'],
  [['history', 'x'], '"x"'],
  [['history', id, '--after', cursorOf('2026-11-01 00:00:00+00', id)], 'cursor'],
  [['history', '--after', id], 'cursor'],
  [['migrate'], 'which command'],
  [['migrate', 'down'], 'down'],
  [['verify', '--limit', '10001'], '"10001"'],
  [['doctor', 'extra'], 'too many arguments'],
  [['exec', '--machine', id, '--', 'true'], '--process'],
  [['exec', '--machine', 'x', '--process', 'P', '--', 'true'], '"x"'],
  [['exec', '--machine', id, '--process', 'P'], '--'],
  [['exec', '--machine', id, '--process', 'P', '--'], '--'],
  [['exec', '--machine', id, '--process', 'P', 'true'], '"true"'],
  [['exec', '--machine', id, '--process', 'P', 'true', '--', 'true'], '"true"'],
  [['exec', '--machine', id, '--process', 'P', '--interval', '0', '--', 'true'], '"0"'],
  [['exec', '--machine', id, '--process', 'P', '--kill-after', '-1', '--', 'true'], '"-1"'],
]

test('every bad input is told with its value and a usage line, exits with 2, and writes nothing', async () => {
  const { database } = await testMachines(1)
  const before = await rowCounts(database)
  for (const [argv, named] of bad) {
    const { code, out, err } = await invoke(argv, { url: database.url })
    const typed = argv.join(' ').slice(0, 100)
    const lines = err.trimEnd().split('\n')
    expect.soft({ typed, code, out }).toEqual({ typed, code: 2, out: '' })
    expect.soft(lines.at(-2), typed).toMatch(/^error: /)
    expect.soft(lines.at(-2), typed).toContain(named)
    expect.soft(lines.at(-1), typed).toMatch(/^usage: bmdb/)
    expect.soft(err, typed).not.toMatch(/ {4}at |s3cret/)
  }
  expect(await rowCounts(database)).toEqual(before)
})

test('bad input needs no database: with one that cannot be reached it is told at once', async () => {
  const url = 'postgresql://u:s3cret@127.0.0.1:1/d'
  // A bad URL of the environment, and production without any, are bad input too.
  for (const [argv, env] of [
    [['machine', 'show', 'x'], { BMDB_DATABASE_URL: url }],
    [['machine', 'ls', '--after', 'x'], { BMDB_DATABASE_URL: url }],
    [['machine', 'ls'], { BMDB_DATABASE_URL: 'mysql://u:s3cret@h/d' }],
    [['machine', 'ls'], { NODE_ENV: 'production' }],
  ] as const) {
    const startMs = performance.now()
    const { code, out, err } = await invoke(argv, { env })
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^error: .*\nusage: bmdb machine .*\n$/)
    expect(err).not.toContain('s3cret')
    expect(performance.now() - startMs).toBeLessThan(500)
  }
})

test('who acts must be known: without a name of the user --operator is asked for, and nothing is written', async () => {
  const { database } = await testMachines(0)
  const { code, err } = await invoke(['process', 'pause', 'P', ...because], { url: database.url, userName: undefined })
  expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('--operator') as string })
  expect(await rowCounts(database)).toMatchObject({ operator_history: 0, processes: 0 })
})

test('the program itself exits with 2 and two lines', async () => {
  const program = new Program(['machine', 'show', 'x'], {})
  expect(await program.ended()).toBe(2)
  expect(program.out).toBe('')
  expect(program.err).toMatch(/^error: MACHINE is "x".*\nusage: bmdb machine show .*\n$/)
})
