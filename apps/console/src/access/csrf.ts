import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Tokens by which a browser shows that a request comes from a page of the console: they hold as long as the program runs. */
export class CsrfTokens {
  readonly #secret = randomBytes(32)

  /** The token of whoever is called so. */
  of(whose: string): string {
    return createHmac('sha256', this.#secret).update(whose).digest('base64url')
  }

  /** Whether it is that one, found out in the same time for every wrong one. */
  static same(expected: string, given: unknown): boolean {
    if (typeof given !== 'string') return false
    const [one, other] = [Buffer.from(expected), Buffer.from(given)]
    return one.length === other.length && timingSafeEqual(one, other)
  }
}
