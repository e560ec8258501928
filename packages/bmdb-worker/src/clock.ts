/** Milliseconds on a monotonic clock that no change of the wall clock moves. */
export function monotonicMs(): number {
  return performance.now()
}

/** A timer that can be called off; twice is harmless. */
export interface Timer {
  cancel(): void
}

// The longest delay a timer takes; a longer one would fire at once.
const longestDelayMs = 2 ** 31 - 1

/** Runs `then` once, `ms` from now. With `background` the timer alone does not keep the program alive. */
export function after(ms: number, then: () => void, { background = false } = {}): Timer {
  const timer = setTimeout(then, Math.min(Math.max(ms, 0), longestDelayMs))
  if (background) timer.unref()
  return { cancel: () => clearTimeout(timer) }
}

/** Resolves after `ms`, or at once when the signal aborts: whoever waits looks at the signal himself. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = after(ms, done)
    signal.addEventListener('abort', done, { once: true })
  })
}
