import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { runProgram, StartupError, UsageError, wholeNumberFlag, type ProgramContext } from '../src/index.ts'
import { FakeSystem } from './fake-system.ts'

const flags = { coats: wholeNumberFlag({ meaning: 'coats', minimum: 1, maximum: 9, fallback: 2 }) }
const usage = { name: 'painter', summary: 'paints', command: 'painter', flags, examples: [] }

type Context = ProgramContext<{ readonly coats: number; readonly logLevel: string; readonly production: boolean }>

async function run(main: (context: Context) => Promise<number | void>, argv: string[] = []) {
  const system = new FakeSystem('/nowhere')
  const code = await runProgram({ usage, argv, env: { BMDB_LOG_LEVEL: '' }, system, main })
  return { system, code, out: system.out, err: system.err }
}

test('a program gets its settings and its log, and ends with 0 or the code that it returns', async () => {
  const seen: unknown[] = []
  const first = await run(
    async ({ name, settings, log, directory }) => {
      seen.push(name, settings.coats, directory)
      log.info('painted')
    },
    ['--coats=3'],
  )
  expect(first).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(first.out)).toMatchObject({ program: 'painter', message: 'painted' })
  expect(seen).toEqual(['painter', 3, '/nowhere/.bmdb'])
  expect((await run(async () => 3)).code).toBe(3)
})

test('--help goes to the standard output, and the program does not run', async () => {
  const { code, out, err } = await run(() => Promise.reject(new Error('ran')), ['--help'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain('Usage: painter [flags]')
})

test.each([
  ['a flag', ['--coats=x'], undefined, 2, 'painter: --coats is "x", it must be a whole number from 1 to 9\n'],
  ['usage found out later', [], new UsageError('no paint'), 2, 'painter: no paint\n'],
  ['a start that fails', [], new StartupError('no\n  brush'), 1, 'painter: no brush\n'],
  ['anything else', [], new TypeError('x at postgresql://me:s3cret@host'), 1, 'painter: x at postgresql://***@host\n'],
  ['an error without a message', [], new RangeError(), 1, 'painter: RangeError\n'],
  ['no error at all', [], 'text', 1, 'painter: text\n'],
])('%s is one line on the standard error', async (_what, argv, thrown, code, err) => {
  expect(await run(() => Promise.reject(thrown), argv)).toMatchObject({ code, err, out: '' })
})

test('the stack is shown at the log level debug', async () => {
  const { err } = await run(() => Promise.reject(new TypeError('torn')), ['--log-level=debug'])
  expect(err).toMatch(/^painter: torn\nTypeError: torn\n {4}at /)
})

test('what failed first is told where disposing failed too', async () => {
  const { err } = await run(async () => {
    await using _broken = { [Symbol.asyncDispose]: () => Promise.reject(new Error('second')) }
    throw new Error('first')
  })
  expect(err).toBe('painter: first\n')
})

test.each(['returns', 'throws the reason'])('a program that is stopped and %s ends with 0', async (how) => {
  const system = new FakeSystem()
  const code = await runProgram({
    usage,
    argv: [],
    env: {},
    system,
    main: async ({ signal }) => {
      system.send('SIGTERM')
      expect(signal.aborted).toBe(true)
      if (how !== 'returns') throw signal.reason
    },
  })
  expect({ code, err: system.err, exits: system.exitCodes }).toEqual({ code: 0, err: '', exits: [] })
})

test('a failure while it stops is still a failure', async () => {
  const system = new FakeSystem()
  const main = async (): Promise<void> => {
    system.send('SIGTERM')
    throw new Error('spilled')
  }
  expect(await runProgram({ usage, argv: [], env: {}, system, main })).toBe(1)
  expect(system.err).toBe('painter: spilled\n')
})

test('a second signal ends it though main goes on', async () => {
  const system = new FakeSystem()
  await runProgram({
    usage,
    argv: [],
    env: {},
    system,
    main: async () => {
      system.send('SIGINT')
      await sleep(300)
      system.send('SIGINT')
      expect(system.exitCodes).toEqual([130])
    },
  })
  expect(system.listenerCount('SIGINT')).toBe(0)
})
