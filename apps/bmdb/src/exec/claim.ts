import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { isBMDBError, type Connection, type PrismaClient } from '@bmdb/core'

/** How long at most until it is tried again: a wake-up may be lost. */
const longestMs = 1_000
/** Whoever woke this one may have woken others. */
const shortestMs = 50

/** What to wait for a lock with. */
export interface Patience {
  readonly waitSeconds: number
  readonly signal: AbortSignal
}

/**
 * Tries to claim until it succeeds or the time is over, as long as what is in the way may go away.
 * @throws what the last try threw; the signal's reason
 */
export async function withPatience<Result>(
  connection: Connection<PrismaClient>,
  { waitSeconds, signal }: Patience,
  claim: (onClaimed: () => void) => Promise<Result>,
): Promise<Result> {
  const endMs = performance.now() + waitSeconds * 1_000
  for (;;) {
    let claimed = false
    try {
      return await claim(() => (claimed = true))
    } catch (error) {
      const leftMs = endMs - performance.now()
      if (claimed || leftMs <= 0 || !maySoonBeFree(error)) throw error
      await woken(connection, Math.min(longestMs, leftMs), signal)
    }
  }
}

function maySoonBeFree(error: unknown): boolean {
  return (['ERR_WORK_CONFLICT', 'ERR_WORK_BLOCKED', 'ERR_WORK_BACKOFF'] as const).some((code) =>
    isBMDBError(error, code),
  )
}

async function woken(connection: Connection<PrismaClient>, ms: number, signal: AbortSignal): Promise<void> {
  const awake = new AbortController()
  const ended = AbortSignal.any([signal, awake.signal])
  const forget = connection.onWakeUp(() => awake.abort())
  try {
    await wait(Math.min(ms, shortestMs), undefined, { signal })
    await wait(Math.max(0, ms - shortestMs), undefined, { signal: ended })
  } catch {
    signal.throwIfAborted()
  } finally {
    forget()
  }
}
