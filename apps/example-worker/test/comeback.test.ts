import { setMaxListeners } from 'node:events'
import type { Connection, PrismaClient } from '@bmdb/core'
import type { Log } from '@bmdb/program'
import { expect, test } from 'vitest'
import type { WorkerSettings } from '../src/config.ts'
import { runWorker } from '../src/worker.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Log

/** Runs workers whose first sessions all end when `outage` aborts; tells when each asked for work with its later ones. */
function workers(count: number, intervalSeconds: number, outage: AbortController, stop: AbortController) {
  setMaxListeners(0, outage.signal, stop.signal)
  const state = { started: 0, again: 0, askedMs: [] as number[], askedAgainMs: [] as number[] }
  const running = Array.from({ length: count }, () => {
    let first = true
    const connection = {
      startSession: async () => {
        const { signal } = first ? outage : new AbortController()
        const askedMs = first ? state.askedMs : state.askedAgainMs
        state[first ? 'started' : 'again'] += 1
        first = false
        const startWork = async () => {
          askedMs.push(performance.now())
          return null
        }
        return { id: 'a session', signal, startWork, [Symbol.asyncDispose]: async () => {} }
      },
    }
    return runWorker({
      connection: connection as unknown as Connection<PrismaClient>,
      settings: { concurrency: 1, intervalSeconds, pollSeconds: 3_600, drainSeconds: 0 } as WorkerSettings,
      log,
      signal: stop.signal,
    })
  })
  return { state, ended: () => Promise.all(running.map((worker) => worker.ended)) }
}

test('workers that lost their sessions together have new ones at once, and ask for work one after the other', async () => {
  const outage = new AbortController()
  const stop = new AbortController()
  const { state, ended } = workers(20, 2, outage, stop)
  await expect.poll(() => state.askedMs.length).toBe(20)
  // The first ones of all had nothing to wait for.
  expect(Math.max(...state.askedMs) - Math.min(...state.askedMs)).toBeLessThan(100)

  outage.abort()
  await expect.poll(() => state.again).toBe(20)
  const backMs = performance.now()
  await expect.poll(() => state.askedAgainMs.length, { timeout: 5_000 }).toBe(20)
  stop.abort()
  await ended()

  // Within half the interval, and spread over it.
  const waitedMs = state.askedAgainMs.map((ms) => ms - backMs)
  expect(Math.max(...waitedMs)).toBeGreaterThan(300)
  expect(Math.max(...waitedMs)).toBeLessThan(1_500)
  const together = waitedMs.map((one) => waitedMs.filter((other) => other >= one && other < one + 100).length)
  expect(Math.max(...together)).toBeLessThan(12)
})

test('a stop ends that wait at once', async () => {
  const outage = new AbortController()
  const stop = new AbortController()
  const { state, ended } = workers(5, 3_600, outage, stop)
  await expect.poll(() => state.askedMs.length).toBe(5)
  outage.abort()
  await expect.poll(() => state.again).toBe(5)
  const startMs = performance.now()
  stop.abort()
  await ended()
  expect(performance.now() - startMs).toBeLessThan(1_000)
  expect(state.askedAgainMs.length).toBeLessThan(5)
})
