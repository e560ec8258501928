import { setTimeout as sleep } from 'node:timers/promises'

export { eventually } from '../programs/eventually.ts'

export function pause(ms: number): Promise<void> {
  return sleep(ms)
}

/** What `promise` rejects with; fails if it does not. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const settled = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in settled) return settled.error as Error
  throw new Error(`it resolved with ${String(settled.value)}, where it should have rejected`)
}

/** Resolves when the signal aborts, with the monotonic time at which it did. */
export function abortedAtMs(signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(performance.now())
    else signal.addEventListener('abort', () => resolve(performance.now()), { once: true })
  })
}
