import type { Takeover } from './observer.ts'

/** How long after a dead holder's deadline others may have to wait at most. */
export const limitMs = 1_000

export interface Figures {
  readonly takeovers: number
  readonly medianMs: number
  readonly slowestMs: number
  /** Below zero, somebody took over from a holder that still held. */
  readonly earliestMs: number
  readonly withinLimit: boolean
}

/** @param takeovers - one at least */
export function figuresOf(takeovers: readonly Takeover[]): Figures {
  const delays = takeovers.map(({ delayMs }) => delayMs).sort((a, b) => a - b)
  const [low, high] = [delays[Math.floor((delays.length - 1) / 2)]!, delays[Math.floor(delays.length / 2)]!]
  const [earliestMs, slowestMs] = [delays[0]!, delays.at(-1)!]
  return {
    takeovers: delays.length,
    medianMs: (low + high) / 2,
    slowestMs,
    earliestMs,
    withinLimit: earliestMs >= 0 && slowestMs <= limitMs,
  }
}
