import { setTimeout as sleep } from 'node:timers/promises'

/** Waits, but not beyond the signal's abort. */
export async function sleepUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
