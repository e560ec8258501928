import { install } from '@sinonjs/fake-timers'

/** A clock of this program that stands still until it is told otherwise. */
export interface FakeClock extends Disposable {
  /**
   * Lets `ms` milliseconds pass: what is due runs, in order, each with the time at which it is due, and what awaits it
   * runs in between. Resolves after that. Sockets stay real, and take real time: await what they bring before the next
   * step.
   */
  advance(ms: number): Promise<void>
  /** Moves the wall clock (`Date`) alone, forwards or, with a negative number, back; timers do not notice. */
  stepWallClock(ms: number): void
  /** Milliseconds on the fake monotonic clock: `performance.now()`. */
  nowMs(): number
  /** Gives the real clock back; timers set meanwhile never fire. Twice is harmless. */
  restore(): void
}

/**
 * Replaces this program's `Date`, `performance.now`, `setTimeout`, `setInterval` and their `clear…`; both clocks go on
 * from what they showed. Promises, `setImmediate`, `process.hrtime`, `AbortSignal.timeout` and sockets stay real, and so
 * do timers that were set before. Take it before you open what is to run on it, and restore it after you closed that.
 */
export function fakeClock(): FakeClock {
  const startedAtMs = performance.now()
  const clock = install({
    now: Date.now(),
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
    shouldClearNativeTimers: true,
  })
  const nowMs = (): number => startedAtMs + (clock.performance as { now(): number }).now()
  // Only this one of its functions: others, of Node's own, rely on the rest.
  const before = Object.getOwnPropertyDescriptor(performance, 'now')
  Object.defineProperty(performance, 'now', { value: nowMs, configurable: true, writable: true })
  let restored = false
  const restore = (): void => {
    if (restored) return
    restored = true
    if (before === undefined) Reflect.deleteProperty(performance, 'now')
    else Object.defineProperty(performance, 'now', before)
    clock.uninstall()
  }
  return {
    advance: async (ms) => void (await clock.tickAsync(ms)),
    stepWallClock: (ms) => clock.setSystemTime(Date.now() + ms),
    nowMs,
    restore,
    [Symbol.dispose]: restore,
  }
}
