import { DatabaseUnavailableError, TransactionTimeoutError } from '@bmdb/core'
import { expect, test } from 'vitest'
import { backoffMs, betweenBatchesMs, untilNextSweepMs } from '../src/delays.ts'
import type { PassResult } from '../src/pass.ts'
import { runLoop, type LoopObserver } from '../src/run-loop.ts'
import { FakeLog } from './fake-log.ts'
import { FakeTime } from './fake-time.ts'

const nothing: PassResult = { sessions: 0, work: 0, full: false }
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
  const { lines } = await run([{ sessions: 3, work: 2, full: false }, nothing])
  expect(lines).toEqual([{ level: 'info', message: 'swept expired sessions', fields: { sessions: 3, work: 2 } }])
})

test('a sweep that hit its limit is followed by the next one after a moment', async () => {
  const full = { sessions: 10, work: 0, full: true }
  expect((await run([full, full, nothing])).waits).toEqual([60, 60, 5_000])
  expect([betweenBatchesMs(0), betweenBatchesMs(1)]).toEqual([20, 100])
})

test('an outage is said once, however its errors differ, and its end with duration and what had expired', async () => {
  const { lines } = await run([
    nothing,
    new TransactionTimeoutError('the sweep', 10_000, unreachable()),
    unreachable('another text'),
    new TransactionTimeoutError('the sweep', 10_000),
    { sessions: 2, work: 1, full: false },
    nothing,
  ])
  expect(lines).toEqual([
    {
      level: 'error',
      message:
        'sweeping fails, trying until it works again: the sweep did not end within 10000 ms: ' +
        'the database at x:1/y cannot be reached (ECONNREFUSED)',
      fields: {},
    },
    {
      level: 'info',
      message: 'sweeping works again after 6.3 s; 2 sessions holding 1 work had expired meanwhile',
      fields: { seconds: 6.3, sessions: 2, work: 1, full: false },
    },
  ])
})

test('a second outage is said again, and where nothing had expired, that', async () => {
  const { lines } = await run([unreachable(), nothing, unreachable(), { sessions: 10, work: 0, full: true }])
  expect(lines.map(({ message }) => message.slice(0, 70))).toEqual([
    'sweeping fails, trying until it works again: the database at x:1/y can',
    'sweeping works again after 1.3 s; nothing had expired meanwhile',
    'sweeping fails, trying until it works again: the database at x:1/y can',
    'sweeping works again after 1.3 s; at least 10 sessions holding 0 work ',
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

test('failures are retried after longer and longer waits, 30 s at most', async () => {
  const failures = Array.from({ length: 8 }, () => unreachable())
  expect((await run(failures)).waits).toEqual([750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500, 22_500])
  expect([backoffMs(1, 0), backoffMs(1_000_000, 0), backoffMs(1_000_000, 1)]).toEqual([500, 15_000, 30_000])
})

test('observers are told of every sweep and how long it took', async () => {
  expect((await run([nothing, unreachable('a'), { sessions: 1, work: 0, full: false }])).observed).toEqual([
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
