import { describe, expect, onTestFinished, test } from 'vitest'
import { fakeClock, gate, shiftWallClock } from '../src/index.ts'
import { behindProxy, isPending } from './support/databases.ts'

function clock() {
  const fake = fakeClock()
  onTestFinished(() => fake.restore())
  return fake
}

describe('a fake clock', () => {
  test('stands still, and lets what is due run in order, each at its own time', async () => {
    const fake = clock()
    const startedMs = performance.now()
    const wallMs = Date.now()
    const ran: [string, number, number][] = []
    const note = (name: string): void => void ran.push([name, performance.now() - startedMs, Date.now() - wallMs])
    setTimeout(() => note('late'), 2_000)
    setTimeout(() => {
      note('soon')
      void Promise.resolve().then(() => setTimeout(() => note('after it'), 500))
    }, 1_000)
    await new Promise((resolve) => setImmediate(resolve))
    expect(ran).toEqual([])
    await fake.advance(2_000)
    expect(ran.map(([name]) => name)).toEqual(['soon', 'after it', 'late'])
    for (const [index, ms] of [1_000, 1_500, 2_000].entries()) {
      expect(ran[index]![1]).toBeCloseTo(ms, 0)
      expect(ran[index]![2]).toBeCloseTo(ms, 0)
    }
    expect(fake.nowMs() - startedMs).toBeCloseTo(2_000, 0)
  })

  test('moves the wall clock alone when asked to', async () => {
    const fake = clock()
    const startedMs = performance.now()
    const wallMs = Date.now()
    let fired = false
    setTimeout(() => (fired = true), 1_000)
    fake.stepWallClock(-3_600_000)
    expect(Date.now() - wallMs).toBe(-3_600_000)
    expect(performance.now()).toBe(startedMs)
    await fake.advance(999)
    expect(fired).toBe(false)
    await fake.advance(1)
    expect(fired).toBe(true)
  })

  test('leaves sockets alone', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    clock()
    proxy.delay(5)
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('gives the real one back, which went on meanwhile; twice is harmless', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- compared, not called
    const functions = () => ({ setTimeout, now: performance.now, Date })
    const before = functions()
    const fake = fakeClock()
    expect(globalThis.setTimeout).not.toBe(before.setTimeout)
    await fake.advance(60_000)
    fake.restore()
    fake[Symbol.dispose]()
    expect(functions()).toEqual(before)
    await new Promise((resolve) => setTimeout(resolve, 1))
  })
})

describe('a shifted wall clock', () => {
  test('shows in Date, and in nothing else', () => {
    const monotonicMs = performance.now()
    const realMs = Date.now()
    const undo = shiftWallClock(-7_200_000)
    onTestFinished(undo)
    expect(Date.now() - realMs).toBeLessThan(-7_100_000)
    expect(new Date().getTime() - realMs).toBeLessThan(-7_100_000)
    expect(new Date(5).getTime()).toBe(5)
    expect(new Date()).toBeInstanceOf(Date)
    expect(performance.now() - monotonicMs).toBeLessThan(60_000)
  })

  test('adds up, and each shift is undone by itself, in any order; twice is harmless', () => {
    const real = Date
    const offMs = (): number => Math.round((Date.now() - real.now()) / 1_000) * 1_000
    const back = shiftWallClock(-60_000)
    const forth = shiftWallClock(100_000)
    expect(offMs()).toBe(40_000)
    back()
    back()
    expect(offMs()).toBe(100_000)
    forth()
    expect(Date).toBe(real)
  })
})

test('a gate is shut until it is opened, for all who wait', async () => {
  const shut = gate()
  expect(await isPending(shut.opened)).toBe(true)
  shut.open()
  shut.open()
  await Promise.all([shut.opened, shut.opened])
})
