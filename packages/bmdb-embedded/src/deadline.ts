import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedDatabaseError } from './errors.ts'

/** What bounds a wait. */
export interface WaitOptions {
  /** Ends the wait; the call rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined
  /** The longest the whole call may take, in milliseconds, more than 0. @default 30000 */
  readonly timeoutMs?: number | undefined
}

/** The limit that all steps of one call share. */
export interface Deadline {
  /** Aborts at the limit or with the caller's signal, whichever is first. */
  readonly signal: AbortSignal
  /** What is being waited for now; quoted when the time is over. */
  step: string
  remainingMs(): number
  /** Throws once the limit is over or the caller has aborted. */
  check(): void
  /** Waits, at most until the limit; throws as `check` does. */
  pause(milliseconds: number): Promise<void>
  /** Waits for the promise, at most until the limit. What the promise does afterwards is nobody's concern. */
  race<T>(promise: Promise<T>): Promise<T>
}

/** Runs `fn` under the limits in `options`, and cleans up its timer and listener. */
export async function withDeadline<T>(
  what: string,
  options: WaitOptions,
  fn: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const { signal: outer, timeoutMs = 30_000 } = options
  if (!(timeoutMs > 0 && timeoutMs <= 2 ** 31 - 1)) {
    throw new EmbeddedDatabaseError(
      'ERR_EMBEDDED_INVALID_ARGUMENT',
      `timeoutMs is ${timeoutMs}: give milliseconds, more than 0 and at most ${2 ** 31 - 1}`,
    )
  }
  outer?.throwIfAborted()

  const controller = new AbortController()
  const end = performance.now() + timeoutMs
  const onAbort = (): void => controller.abort(outer?.reason)
  const onTime = (): void =>
    controller.abort(
      new EmbeddedDatabaseError('ERR_EMBEDDED_TIMEOUT', `${what}: not done after ${timeoutMs} ms, ${deadline.step}`),
    )
  const deadline: Deadline = {
    signal: controller.signal,
    step: 'not begun',
    remainingMs: () => Math.max(0, end - performance.now()),
    check: () => controller.signal.throwIfAborted(),
    async pause(milliseconds) {
      controller.signal.throwIfAborted()
      await sleep(milliseconds, undefined, { signal: controller.signal }).catch(() => undefined)
      controller.signal.throwIfAborted()
    },
    race: (promise) => raceSignal(promise, controller.signal),
  }
  const timer = setTimeout(onTime, timeoutMs)
  outer?.addEventListener('abort', onAbort, { once: true })
  try {
    return await fn(deadline)
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', onAbort)
  }
}

async function raceSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    // The reason is the caller's own, whatever it is.
    onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
    promise.catch(() => undefined)
  }
}
