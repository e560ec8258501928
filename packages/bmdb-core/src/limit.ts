import { after, monotonicMs } from './clock.ts'
import { invalid, wholeNumber } from './arguments.ts'

/** What everything that waits takes last. */
export interface WaitOptions {
  /** Gives up the call: it rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds after which the call gives up, 1 to 2147483647. */
  readonly timeoutMs?: number | undefined
}

/** The longest `timeoutMs`: what a timer takes, about 24 days. */
export const longestTimeoutMs = 2 ** 31 - 1

/** One call's time limit and the signals that may end it sooner, as one signal. Dispose it when the call is over. */
export class Limit implements Disposable {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly #endMs: number
  readonly #release: () => void

  /**
   * @param options - the caller's
   * @param defaultMs - used where the caller gives no `timeoutMs`
   * @param onTimeout - the reason with which the signal aborts when the time is over
   * @param others - further signals that end the call, each with its own reason
   */
  constructor(
    options: WaitOptions | undefined,
    defaultMs: number,
    onTimeout: (timeoutMs: number) => Error,
    others: readonly AbortSignal[] = [],
  ) {
    const timeoutMs = options?.timeoutMs ?? defaultMs
    if (!Number.isFinite(timeoutMs)) invalid('timeoutMs', timeoutMs, 'a number of milliseconds')
    this.timeoutMs = wholeNumber('timeoutMs', Math.ceil(timeoutMs), 1, longestTimeoutMs)
    if (options?.signal !== undefined && typeof options.signal?.addEventListener !== 'function')
      invalid('signal', options.signal, 'an AbortSignal')
    this.#endMs = monotonicMs() + this.timeoutMs
    const controller = new AbortController()
    this.signal = controller.signal
    const sources = options?.signal === undefined ? others : [options.signal, ...others]
    const timer = after(this.timeoutMs, () => controller.abort(onTimeout(this.timeoutMs)))
    const listeners = sources.map((source) => {
      const onAbort = (): void => controller.abort(source.reason)
      if (source.aborted) onAbort()
      else source.addEventListener('abort', onAbort, { once: true })
      return () => source.removeEventListener('abort', onAbort)
    })
    this.#release = () => {
      timer.cancel()
      for (const stop of listeners) stop()
    }
  }

  /** Milliseconds left, never below zero. */
  remainingMs(): number {
    // What is left of a sum may be more than what was added, by a rounding error.
    return Math.min(this.timeoutMs, Math.max(0, this.#endMs - monotonicMs()))
  }

  [Symbol.dispose](): void {
    this.#release()
  }
}
