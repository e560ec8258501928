/** Milliseconds on a monotonic clock that no change of the wall clock moves. The only source of local time for safety. */
export function monotonicMs(): number {
  return performance.now()
}

/** A timer that runs once and can be called off. */
export interface Timer {
  cancel(): void
}

// The longest delay a timer takes; a longer one would fire at once.
const longestDelayMs = 2 ** 31 - 1

/**
 * Runs `then` once, `ms` from now (at the earliest in the next turn of the event loop).
 * With `background` the timer alone does not keep the program alive.
 */
export function after(ms: number, then: () => void, { background = false } = {}): Timer {
  const timer = setTimeout(then, Math.min(Math.max(ms, 0), longestDelayMs))
  if (background) timer.unref()
  return { cancel: () => clearTimeout(timer) }
}

/** Resolves after `ms`; rejects with the signal's reason when it aborts first. `background` as for {@link after}. */
export function sleep(ms: number, signal?: AbortSignal, options?: { background?: boolean }): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error)
      return
    }
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason as Error)
    }
    const timer = after(
      ms,
      () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      },
      options,
    )
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Settles as `promise` does, unless `signal` aborts first: then it rejects with the signal's reason. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    if (signal.aborted) {
      promise.catch(() => {})
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
