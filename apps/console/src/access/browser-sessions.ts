import { createHash, randomBytes } from 'node:crypto'
import type { TokenOwner } from './tokens.ts'

/** For how long somebody stays logged in, in seconds. */
export const loggedInSeconds = 12 * 3_600

/** Who is logged in, kept in memory alone: when the program ends everybody is logged out. */
export class BrowserSessions {
  readonly #known = new Map<string, { readonly owner: TokenOwner; readonly untilMs: number }>()
  readonly #most: number
  readonly #nowMs: () => number

  /**
   * @param nowMs - a monotonic clock
   * @param most - how many may be logged in; then the first of them are logged out
   */
  constructor(nowMs: () => number, most = 10_000) {
    this.#nowMs = nowMs
    this.#most = most
  }

  /** Logs somebody in, and returns the secret that only their browser knows. */
  begin(owner: TokenOwner): string {
    const now = this.#nowMs()
    for (const [key, { untilMs }] of this.#known) {
      if (untilMs > now && this.#known.size < this.#most) break
      this.#known.delete(key)
    }
    const secret = randomBytes(32).toString('base64url')
    this.#known.set(keyOf(secret), { owner, untilMs: now + loggedInSeconds * 1_000 })
    return secret
  }

  /** Who it is; null if nobody is logged in by it any more. */
  ownerOf(secret: string): TokenOwner | null {
    const found = this.#known.get(keyOf(secret))
    return found !== undefined && found.untilMs > this.#nowMs() ? found.owner : null
  }

  /** Logs out. Twice is harmless. */
  end(secret: string): void {
    this.#known.delete(keyOf(secret))
  }
}

/** A look-up by the hash tells nothing about the secrets by the time it takes. */
function keyOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
