import { createHash } from 'node:crypto'

/** Repeatable choices: the same seed parts give the same sequence, on every machine. */
export interface Random {
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number
  /** One of `choices`, which must not be empty. */
  pick<T>(choices: readonly T[]): T
  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean
  /** `length` characters out of `alphabet`. */
  characters(length: number, alphabet?: string): string
  /** A random (version 4) UUID. */
  uuid(): string
}

const HEX = '0123456789abcdef'
/** Without the letters and digits that are easily misread, as on real labels. */
const SERIAL = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'

export function seededRandom(...seedParts: readonly (string | number)[]): Random {
  // mulberry32: small, fast and good enough to choose hardware; the hash spreads neighbouring seeds apart.
  let state = createHash('sha256').update(seedParts.join('/')).digest().readUInt32LE()
  function fraction(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  function between(low: number, high: number): number {
    return low + Math.floor(fraction() * (high - low + 1))
  }
  function pick<T>(choices: readonly T[]): T {
    return choices[between(0, choices.length - 1)] as T
  }
  function characters(length: number, alphabet = SERIAL): string {
    return Array.from({ length }, () => alphabet[between(0, alphabet.length - 1)]).join('')
  }
  function uuid(): string {
    const hex = (length: number) => characters(length, HEX)
    return `${hex(8)}-${hex(4)}-4${hex(3)}-${pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`
  }
  return { between, pick, chance: (probability) => fraction() < probability, characters, uuid }
}
