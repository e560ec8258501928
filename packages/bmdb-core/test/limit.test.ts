import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { monotonicMs, orAbort, sleep } from '../src/clock.ts'
import { Limit } from '../src/limit.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const onTimeout = (ms: number): Error => new Error(`over after ${ms}`)

describe('a limit', () => {
  test('aborts when its time is over, with the reason that was asked for', () => {
    using limit = new Limit({ timeoutMs: 100 }, 5, onTimeout)
    vi.advanceTimersByTime(99)
    expect(limit.signal.aborted).toBe(false)
    expect(limit.remainingMs()).toBe(1)
    vi.advanceTimersByTime(1)
    expect(limit.signal.reason).toEqual(new Error('over after 100'))
    vi.advanceTimersByTime(1_000)
    expect(limit.remainingMs()).toBe(0)
  })

  test('is the default where none is given, and rounds fractions up', () => {
    using byDefault = new Limit(undefined, 5, onTimeout)
    using fraction = new Limit({ timeoutMs: 0.2 }, 5, onTimeout)
    expect([byDefault.timeoutMs, fraction.timeoutMs]).toEqual([5, 1])
  })

  test.each([0, -1, NaN, Infinity, 2 ** 31, '5', null])('of %s is refused', (timeoutMs) => {
    if (timeoutMs === null) return
    expect(() => new Limit({ timeoutMs: timeoutMs as number }, 5, onTimeout)).toThrow('timeoutMs is ')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('of the longest that a timer takes does not fire at once', () => {
    using limit = new Limit({ timeoutMs: 2 ** 31 - 1 }, 5, onTimeout)
    vi.advanceTimersByTime(1_000_000)
    expect(limit.signal.aborted).toBe(false)
  })

  test('ends with any of its signals, with that signal’s own reason; the first one counts', () => {
    const [caller, session] = [new AbortController(), new AbortController()]
    using limit = new Limit({ signal: caller.signal }, 5, onTimeout, [session.signal])
    session.abort('session')
    caller.abort('caller')
    vi.advanceTimersByTime(10)
    expect(limit.signal.reason).toBe('session')
  })

  test('of a signal that has aborted already has ended', () => {
    using limit = new Limit({ signal: AbortSignal.abort('before') }, 5, onTimeout)
    expect(limit.signal.reason).toBe('before')
  })

  test('leaves neither timer nor listener when it is disposed', () => {
    const caller = new AbortController()
    const removed = vi.spyOn(caller.signal, 'removeEventListener')
    {
      using limit = new Limit({ signal: caller.signal }, 5, onTimeout)
      expect(limit.signal.aborted).toBe(false)
    }
    expect(removed).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('runs on a monotonic clock: a wall clock that jumps does not move it', () => {
    using limit = new Limit({ timeoutMs: 100 }, 5, onTimeout)
    vi.setSystemTime(Date.now() + 1_000_000)
    expect(limit.remainingMs()).toBe(100)
    expect(limit.signal.aborted).toBe(false)
  })
})

describe('sleep', () => {
  test('ends at once when its signal aborts, with the reason', async () => {
    const caller = new AbortController()
    const sleeping = sleep(60_000, caller.signal)
    caller.abort('enough')
    await expect(sleeping).rejects.toBe('enough')
    await expect(sleep(60_000, caller.signal)).rejects.toBe('enough')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('takes its time, and leaves no listener', async () => {
    const caller = new AbortController()
    const removed = vi.spyOn(caller.signal, 'removeEventListener')
    const before = monotonicMs()
    const sleeping = sleep(50, caller.signal)
    await vi.advanceTimersByTimeAsync(50)
    await sleeping
    expect(monotonicMs() - before).toBe(50)
    expect(removed).toHaveBeenCalledOnce()
  })
})

describe('orAbort', () => {
  test('settles as the promise does, or rejects with the reason, whichever comes first', async () => {
    const caller = new AbortController()
    expect(await orAbort(Promise.resolve(1), caller.signal)).toBe(1)
    await expect(orAbort(Promise.reject(new Error('no')), caller.signal)).rejects.toThrow('no')
    const waiting = orAbort(new Promise(() => {}), caller.signal)
    caller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    await expect(orAbort(Promise.reject(new Error('late')), caller.signal)).rejects.toBe('enough')
  })
})
