import { DatabaseUnavailableError, TransactionTimeoutError } from '@bmdb/core'
import { expect, test } from 'vitest'
import { backoffMs, betweenBatchesMs, untilNextSweepMs } from '../src/delays.ts'
import type { PassResult } from '../src/pass.ts'
import { runLoop, type LoopObserver } from '../src/run-loop.ts'
import { FakeLog } from './fake-log.ts'
import { FakeTime } from './fake-time.ts'

const swept = (sessions: number, work: number, full = false): PassResult => ({ sessions, work, full, outlasted: false })
const nothing = swept(0, 0)
const unreachable = (message = 'the database at x:1/y cannot be reached (ECONNREFUSED)') =>
  new DatabaseUnavailableError('unreachable', message)

/** Runs the loop over passes that end as given, one after the other, and stops it after the last. */
async function run(outcomes: readonly (PassResult | Error)[], time = new FakeTime()) {
  const log = new FakeLog()
  const controller = new AbortController()
  const observed: unknown[] = []
  const observer: LoopObserver = {
    swept: (result, seconds) => observed.push([result.sessions, seconds]),
    failed: (error, seconds) => observed.push([(error as Error).message, seconds]),
  }
  let next = 0
  await runLoop({
    pass: async () => {
      time.now += 250
      const outcome = outcomes[next++]
      if (next >= outcomes.length) setImmediate(() => controller.abort(new Error('enough')))
      if (outcome === undefined) return new Promise(() => {})
      if (outcome instanceof Error) throw outcome
      return outcome
    },
    intervalSeconds: 5,
    log,
    time,
    observers: [observer],
    signal: controller.signal,
  })
  return { lines: log.lines, waits: time.waits.slice(0, outcomes.length), observed: observed.slice(0, outcomes.length) }
}

test('it sweeps at once, then every few seconds, a fifth more or less', async () => {
  expect((await run([nothing, nothing])).waits).toEqual([5_000, 5_000])
  expect([0, 0.5, 1].map((random) => Math.round(untilNextSweepMs(5, random)))).toEqual([4_000, 5_000, 6_000])
})

test('nothing is logged when nothing was found', async () => {
  expect((await run([nothing, nothing, nothing])).lines).toEqual([])
})

test('what was found is one line', async () => {
  const { lines } = await run([swept(3, 2), nothing])
  expect(lines).toEqual([{ level: 'info', message: 'swept expired sessions', fields: { sessions: 3, work: 2 } }])
})

test('a sweep that hit its limit is followed by the next one after a moment', async () => {
  const full = swept(10, 0, true)
  expect((await run([full, full, nothing])).waits).toEqual([60, 60, 5_000])
  expect([betweenBatchesMs(0), betweenBatchesMs(1)]).toEqual([20, 100])
})

test('an outage is said once, however its errors differ, its end too, and in a warning what had expired at once', async () => {
  const { lines } = await run([
    nothing,
    new TransactionTimeoutError('the sweep', 10_000, unreachable()),
    unreachable('another text'),
    new TransactionTimeoutError('the sweep', 10_000),
    swept(2, 1),
    swept(1, 1),
  ])
  expect(lines).toEqual([
    {
      level: 'error',
      message:
        'sweeping fails, trying until it works again: the sweep did not end within 10000 ms: ' +
        'the database at x:1/y cannot be reached (ECONNREFUSED)',
      fields: {},
    },
    { level: 'info', message: 'sweeping works again after 6.3 s', fields: { seconds: 6.3 } },
    {
      level: 'warn',
      message: 'expired at once, while sweeping failed: 2 sessions holding 1 piece of work',
      fields: { sessions: 2, work: 1, seconds: 6.3 },
    },
    // What expires later is as ordinary as ever.
    { level: 'info', message: 'swept expired sessions', fields: { sessions: 1, work: 1 } },
  ])
})

test('a second outage is said again, and where nothing had expired, that', async () => {
  const { lines } = await run([unreachable(), nothing, unreachable(), swept(1, 0)])
  expect(lines.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^sweeping fails/),
    'sweeping works again after 1.3 s; it found nothing expired',
    expect.stringMatching(/^sweeping fails/),
    'sweeping works again after 1.3 s',
    'expired at once, while sweeping failed: 1 session holding 0 pieces of work',
  ])
})

test('what had expired at once is counted over all the sweeps that it takes, and told in one line', async () => {
  const full = swept(10, 20, true)
  const { lines, waits } = await run([unreachable(), full, full, swept(3, 4), nothing])
  expect(lines.slice(1)).toEqual([
    { level: 'info', message: 'sweeping works again after 1.3 s', fields: { seconds: 1.3 } },
    {
      level: 'warn',
      message: 'expired at once, while sweeping failed: 23 sessions holding 44 pieces of work',
      fields: { sessions: 23, work: 44, seconds: 1.3 },
    },
  ])
  expect(waits.slice(1, 3)).toEqual([60, 60])
})

test('an outage that one sweep outlasted is told when it is over, with what had expired at once', async () => {
  const { lines } = await run([
    nothing,
    { ...swept(2, 3), outlasted: true },
    { ...nothing, outlasted: true },
    swept(1, 1),
  ])
  expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    'info: sweeping works again after 0.3 s',
    'warn: expired at once, while sweeping failed: 2 sessions holding 3 pieces of work',
    'info: sweeping works again after 0.3 s; it found nothing expired',
    'info: swept expired sessions',
  ])
})

test('where the database goes again before all of it was swept, what was swept so far is told', async () => {
  const { lines } = await run([unreachable(), swept(10, 20, true), unreachable(), unreachable(), swept(3, 4)])
  expect(lines.map(({ message }) => message.replace(/: the database.*/, ''))).toEqual([
    'sweeping fails, trying until it works again',
    'sweeping works again after 1.3 s',
    'expired at once, while sweeping failed: at least 10 sessions holding 20 pieces of work',
    'sweeping fails, trying until it works again',
    'sweeping works again after 3 s',
    'expired at once, while sweeping failed: 3 sessions holding 4 pieces of work',
  ])
})

test('another trouble within an outage is said too', async () => {
  const refused = new DatabaseUnavailableError('authentication', 'wrong password')
  const gone = Object.assign(new Error('relation "sessions" does not exist'), { code: '42P01', severity: 'ERROR' })
  const { lines } = await run([unreachable(), refused, refused, gone, gone, nothing])
  expect(lines.map(({ message }) => message.replace(/^.*: /, ''))).toEqual([
    expect.stringContaining('cannot be reached'),
    'wrong password',
    'relation "sessions" does not exist',
    expect.stringContaining('works again'),
  ])
})

test('failures are retried after longer and longer waits, up to the interval, at least 1 s and at most 30 s', async () => {
  const failures = Array.from({ length: 5 }, () => unreachable())
  expect((await run(failures)).waits).toEqual([750, 1_500, 3_000, 3_750, 3_750])
  const longest = [0.1, 5, 3_600].map((intervalSeconds) => backoffMs(1_000_000, intervalSeconds, 1))
  expect(longest).toEqual([1_000, 5_000, 30_000])
  expect([backoffMs(1, 5, 0), backoffMs(1_000_000, 5, 0), backoffMs(3, 3_600, 1)]).toEqual([500, 2_500, 4_000])
})

test('observers are told of every sweep and how long it took', async () => {
  expect((await run([nothing, unreachable('a'), swept(1, 0)])).observed).toEqual([
    [0, 0.25],
    ['a', 0.25],
    [1, 0.25],
  ])
})

test('an abort ends it though a pass never ends, and counts as no failure', async () => {
  const controller = new AbortController()
  const log = new FakeLog()
  const observer: LoopObserver = { swept: () => {}, failed: () => log.error('told') }
  const loop = (pass: () => Promise<PassResult>, time: FakeTime) =>
    runLoop({ pass, intervalSeconds: 5, log, time, observers: [observer], signal: controller.signal })
  const stuck = loop(() => new Promise(() => {}), new FakeTime())
  const failing = loop(
    () => new Promise((_, reject) => controller.signal.addEventListener('abort', () => reject(new Error('aborted')))),
    new FakeTime(),
  )
  controller.abort(new Error('enough'))
  await Promise.all([stuck, failing])
  expect(log.lines).toEqual([])
  await loop(() => {
    log.error('it ran')
    return new Promise(() => {})
  }, new FakeTime())
  expect(log.lines).toEqual([])
})
