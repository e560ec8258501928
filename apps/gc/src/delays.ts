const longestBackoffMs = 30_000

/** From one sweep to the next: the interval, a fifth more or less, so that many collectors do not sweep in step. */
export function untilNextSweepMs(intervalSeconds: number, random: number): number {
  return intervalSeconds * 1_000 * (0.8 + 0.4 * random)
}

/** Between sweeps that hit their limit: short, so that a backlog goes soon and others get a turn. 20 to 100 ms. */
export function betweenBatchesMs(random: number): number {
  return 20 + 80 * random
}

/**
 * After `failures` failed sweeps in a row, 1 or more: half to all of 1 s, doubling up to the interval (at least 1 s, at
 * most 30 s): asking no more often than at other times, and there soon after the database is.
 */
export function backoffMs(failures: number, intervalSeconds: number, random: number): number {
  const longestMs = Math.min(longestBackoffMs, Math.max(1_000, intervalSeconds * 1_000))
  return Math.min(longestMs, 1_000 * 2 ** Math.min(failures - 1, 10)) * (0.5 + 0.5 * random)
}
