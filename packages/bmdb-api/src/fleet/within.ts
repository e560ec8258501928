import type { WaitOptions } from '@bmdb/core'
import { tooSlow } from '../problem/problem-error.ts'

/** A wait that has a limit in any case. */
export interface LimitedWait extends WaitOptions {
  readonly timeoutMs: number
}

/**
 * Settles as the promise does, which goes on where it is too slow for this one who waits.
 * @throws ProblemError (504) when `timeoutMs` passed; the signal's reason
 */
export function within<T>(promise: Promise<T>, { signal, timeoutMs }: LimitedWait): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(tooSlow(timeoutMs)), timeoutMs)
    const onAbort = (): void => reject(signal?.reason as Error)
    if (signal?.aborted === true) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    })
  })
}
