import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'

/** Time and chance, so that tests of the loop need not wait. */
export interface Time {
  /** Milliseconds on a clock that never goes back. */
  nowMs(): number
  /** Resolves after so many milliseconds, or at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** From 0 up to, but not including, 1. */
  random(): number
}

/** The real ones. */
export const systemTime: Time = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
  random: () => Math.random(),
}
