import { createHash, timingSafeEqual } from 'node:crypto'
import type { Role } from '@bmdb/api'

/** Somebody with a token. */
export interface TokenOwner {
  readonly name: string
  readonly role: Role
}

/** The tokens that are known, as hashes only. */
export class Tokens {
  readonly #owners: readonly (readonly [hash: Buffer, owner: TokenOwner])[]

  constructor(owners: readonly (TokenOwner & { readonly token: string })[]) {
    this.#owners = owners.map(({ name, role, token }) => [hashOf(token), { name, role }])
  }

  /** How many there are. */
  get size(): number {
    return this.#owners.length
  }

  /** Whose token it is; null if nobody's. It takes the same time whoever it is. */
  ownerOf(token: string): TokenOwner | null {
    const hash = hashOf(token)
    let found: TokenOwner | null = null
    for (const [known, owner] of this.#owners) if (timingSafeEqual(known, hash)) found = owner
    return found
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
