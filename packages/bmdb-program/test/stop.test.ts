import { expect, test } from 'vitest'
import { StopRequestedError, stopOnSignals, type StopSignal } from '../src/index.ts'
import { FakeSystem } from './fake-system.ts'

test.each<[StopSignal, StopSignal, number]>([
  ['SIGINT', 'SIGINT', 130],
  ['SIGTERM', 'SIGTERM', 143],
  ['SIGTERM', 'SIGINT', 130],
])('%s stops cleanly, then %s ends at once with %i', (first, second, code) => {
  const system = new FakeSystem()
  let now = 1_000
  using stop = stopOnSignals(system, () => now)
  expect(stop.signal.aborted).toBe(false)
  system.send(first)
  expect(stop.signal.reason).toBeInstanceOf(StopRequestedError)
  expect(stop.signal.reason).toMatchObject({ signalName: first })
  expect(system.exitCodes).toEqual([])
  now += 250
  system.send(second)
  expect(system.exitCodes).toEqual([code])
})

test('what npm and Nx pass on of one Ctrl-C is one request', () => {
  const system = new FakeSystem()
  let now = 1_000
  using stop = stopOnSignals(system, () => now)
  for (const signal of ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGTERM'] as const) {
    system.send(signal)
    now += 50
  }
  expect(stop.signal.reason).toMatchObject({ signalName: 'SIGINT' })
  expect(system.exitCodes).toEqual([])
  now += 100
  system.send('SIGINT')
  expect(system.exitCodes).toEqual([130])
})

test('once disposed it listens no longer', () => {
  const system = new FakeSystem()
  const stop = stopOnSignals(system)
  stop[Symbol.dispose]()
  expect(system.listenerCount('SIGINT') + system.listenerCount('SIGTERM')).toBe(0)
})
