const windowMs = 60_000
const mostFailures = 10
const mostAddresses = 10_000

/** Slows down whoever guesses: after ten failures from an address within a minute, nothing is looked at for the rest of it. */
export class LoginLimits {
  readonly #failures = new Map<string, { readonly sinceMs: number; count: number }>()
  readonly #nowMs: () => number

  /** @param nowMs - a monotonic clock */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** After how many seconds the address may try again; 0 if it may now. */
  againInSeconds(address: string): number {
    const found = this.#failures.get(address)
    if (found === undefined || found.count < mostFailures) return 0
    return Math.max(0, Math.ceil((found.sinceMs + windowMs - this.#nowMs()) / 1_000))
  }

  /** A try from the address failed. */
  failed(address: string): void {
    const now = this.#nowMs()
    for (const [key, { sinceMs }] of this.#failures) {
      if (sinceMs + windowMs > now && this.#failures.size < mostAddresses) break
      this.#failures.delete(key)
    }
    const found = this.#failures.get(address)
    if (found !== undefined && found.sinceMs + windowMs > now) found.count++
    else this.#failures.set(address, { sinceMs: now, count: 1 })
  }
}
