import { describe, expect, test } from 'vitest'
import { defineProcess, snooze, SnoozeError, startRunner, type ProcessDefinition } from '../src/index.ts'
import { fleet, rejection, testDatabase } from './setup.ts'

const run = () => {}
const process = defineProcess({ name: 'P', run })

describe('defineProcess refuses', () => {
  test.each<[string, object, string]>([
    ['no name', { name: '' }, 'name is "", it must be a text of 1 to 128 characters'],
    ['no run', { run: undefined }, 'run is undefined, it must be a function'],
    ['a where that is none', { eligible: 'all' }, 'eligible is "all", it must be a Prisma where, or { sql }'],
    ['sql beside a where', { eligible: { sql: 'true', bmc: null } }, 'eligible.sql is "true", it must be alone'],
    ['a backoff of fractions', { backoff: { initialSeconds: 0.5 } }, 'backoff.initialSeconds is 0.5, it must be'],
    ['a backoff that shrinks', { backoff: { initialSeconds: 1, exponent: 0.5 } }, 'backoff.exponent is 0.5'],
    ['a maximum below', { backoff: { initialSeconds: 9, maximumSeconds: 1 } }, 'backoff.maximumSeconds is 1'],
    ['no attempts', { maxAttempts: 0 }, 'maxAttempts is 0, it must be a whole number from 1 to 1000000'],
    ['no time', { timeoutSeconds: 0 }, 'timeoutSeconds is 0, it must be a whole number from 1 to 31536000'],
    ['no time for progress', { progressSeconds: 0.5 }, 'progressSeconds is 0.5, it must be a whole number'],
    ['no slots', { concurrency: 0 }, 'concurrency is 0, it must be a whole number from 1 to 1000'],
    ['an include that is none', { include: 'bmc' }, 'include is "bmc", it must be an object of relations'],
    ['an onError that is none', { onError: 1 }, 'onError is 1, it must be a function'],
  ])('%s', (_what, more, message) => {
    const define = () => defineProcess({ name: 'P', run, ...more } as ProcessDefinition<never> as never)
    expect(define).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
    expect(define).toThrow(message)
  })
})

describe('startRunner refuses', () => {
  test.each<[string, object, string]>([
    ['no processes', { processes: [] }, 'processes is an array, it must be an array of at least one process'],
    [
      'what is not defined',
      { processes: [{ name: 'P', run }] },
      'processes[0] is an object, it must be made by defineProcess',
    ],
    ['a process twice', { processes: [process, process] }, 'processes[1] is "P", it must be another process'],
    ['no slots', { concurrency: 0 }, 'concurrency is 0, it must be a whole number from 1 to 1000'],
    ['half a second', { intervalSeconds: 0.5 }, 'intervalSeconds is 0.5, it must be a whole number from 1 to 3600'],
    ['no pause', { pollSeconds: 0 }, 'pollSeconds is 0, it must be a number from 0.05 to 3600'],
    ['a drain that is none', { drainSeconds: -1 }, 'drainSeconds is -1, it must be a number from 0 to 3600'],
    ['no grace', { graceSeconds: 0 }, 'graceSeconds is 0, it must be a number from 0.1 to 3600'],
    ['a signal that is none', { signal: true }, 'signal is true, it must be an AbortSignal'],
    ['a logger that is none', { logger: { info() {} } }, 'logger.debug is undefined, it must be a function'],
    ['metrics that are none', { metrics: {} }, 'metrics.count is undefined, it must be a function'],
    ['replace that is none', { replaceDeclarations: 1 }, 'replaceDeclarations is 1, it must be true or false'],
  ])('%s, and declares nothing', async (_what, more, message) => {
    // It is never asked for anything.
    const error = await rejection(startRunner({} as never, { processes: [process], ...more } as never))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(error.message).toContain(message)
  })

  test('a process that was declared with other conflicts, unless it is told to replace them', async () => {
    const database = await testDatabase()
    const connection = await database.open()
    await connection.declareProcess({ process: 'P', conflictsWith: ['Q'] })
    expect(await rejection(startRunner(connection, { processes: [process] }))).toMatchObject({
      code: 'ERR_PROCESS_DECLARATION',
    })
    const runner = await startRunner(connection, { processes: [process], replaceDeclarations: true })
    await runner.stop()
    expect((await connection.fleet.processes()).find((row) => row.process === 'P')).toMatchObject({ conflictsWith: [] })
  })

  test('to begin when its signal has aborted already', async () => {
    const made = await fleet(1)
    const reason = new Error('not today')
    const started = startRunner(made.connection, { processes: [process], signal: AbortSignal.abort(reason) })
    expect(await rejection(started)).toBe(reason)
    expect(await made.database.count('sessions')).toBe(0)
  })
})

test.each([0, 1.5, NaN, 31_536_001])('snooze refuses %s seconds', (seconds) => {
  expect(() => snooze(seconds)).toThrow('it must be a whole number from 1 to 31536000')
  expect(() => new SnoozeError(seconds)).toThrow('it must be a whole number from 1 to 31536000')
})
