import { createHmac, randomBytes } from 'node:crypto'

/** Tokens by which a browser shows that a request comes from a page of the console: they hold as long as the program runs. */
export class CsrfTokens {
  readonly #secret = randomBytes(32)

  /** The token of whoever is called so. */
  of(whose: string): string {
    return createHmac('sha256', this.#secret).update(whose).digest('base64url')
  }
}
