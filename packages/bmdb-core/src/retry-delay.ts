/**
 * Milliseconds to wait before attempt number `attempt` + 1: full jitter over an exponential, 20 ms doubling up to 1 s.
 * Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
 */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  return random() * Math.min(1_000, 20 * 2 ** Math.min(attempt - 1, 10))
}
