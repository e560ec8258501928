import type { Statement } from './fault.ts'
import { cancelRequest, encryptionRequests, readString } from './messages.ts'

/**
 * What a client sends, in pieces that can be decided on one by one:
 * - `startup`: who it is and which database it wants; `encryption`: a wish for TLS; `cancel`: all of a connection whose
 *   only purpose is to end another one's statement;
 * - `unit`: what the server answers with one ReadyForQuery: a simple query, or all up to Sync. One that the client
 *   flushes comes in several parts.
 * - `pass`: anything else: passwords, copied data, the goodbye.
 * - `nonsense`: no client of this protocol.
 */
export type ClientPiece =
  | { readonly kind: 'startup' | 'encryption' | 'cancel' | 'pass' | 'goodbye' | 'nonsense'; readonly data: Buffer }
  | UnitPiece

export interface UnitPiece {
  readonly kind: 'unit'
  readonly data: Buffer
  /** What runs in this part. */
  readonly statements: readonly Statement[]
  readonly first: boolean
  readonly last: boolean
}

const longestBeginning = 10_000

/** Takes apart what one client sends, and remembers the names of its prepared statements. */
export class ClientMessages {
  readonly #texts = new Map<string, string>()
  #rest: Buffer[] = []
  #restBytes = 0
  #neededBytes = 8
  #started = false
  #unit: Buffer[] = []
  #statements: Statement[] = []
  #flushed = false

  push(chunk: Buffer): ClientPiece[] {
    this.#rest.push(chunk)
    this.#restBytes += chunk.length
    // A large message comes in many chunks: they are put together once, when all are there.
    if (this.#restBytes < this.#neededBytes) return []
    let data = Buffer.concat(this.#rest)
    const pieces: ClientPiece[] = []
    for (;;) {
      const lengthAt = this.#started ? 1 : 0
      this.#neededBytes = this.#started ? 5 : 8
      if (data.length < this.#neededBytes) break
      const length = data.readInt32BE(lengthAt)
      if (length < (this.#started ? 4 : 8) || (!this.#started && length > longestBeginning)) {
        pieces.push({ kind: 'nonsense', data })
        data = Buffer.alloc(0)
        break
      }
      this.#neededBytes = lengthAt + length
      if (data.length < this.#neededBytes) break
      const message = data.subarray(0, this.#neededBytes)
      data = data.subarray(this.#neededBytes)
      const piece = this.#started ? this.#typed(message) : this.#beginning(message)
      if (piece !== undefined) pieces.push(piece)
    }
    this.#rest = [data]
    this.#restBytes = data.length
    return pieces
  }

  #beginning(data: Buffer): ClientPiece {
    const code = data.readInt32BE(4)
    if (encryptionRequests.includes(code)) return { kind: 'encryption', data }
    this.#started = true
    return { kind: code === cancelRequest ? 'cancel' : 'startup', data }
  }

  #typed(data: Buffer): ClientPiece | undefined {
    switch (String.fromCharCode(data[0]!)) {
      case 'Q':
        this.#statements.push({ text: readString(data, 5).text, name: '' })
        return this.#unitPart(data, true)
      case 'F': // a call of a function, an old way of its own
      case 'S': // Sync
        return this.#unitPart(data, true)
      case 'H': // Flush
        return this.#unitPart(data, false)
      case 'P': {
        const name = readString(data, 5)
        this.#texts.set(name.text, readString(data, name.end).text)
        break
      }
      case 'B': {
        const name = readString(data, readString(data, 5).end).text
        this.#statements.push({ text: this.#texts.get(name) ?? '', name })
        break
      }
      case 'D': // Describe
      case 'E': // Execute
      case 'C': // Close
        break
      case 'X':
        return { kind: 'goodbye', data }
      default:
        if (this.#unit.length === 0) return { kind: 'pass', data }
    }
    this.#unit.push(data)
    return undefined
  }

  #unitPart(data: Buffer, last: boolean): UnitPiece {
    const all = this.#unit.length === 0 ? data : Buffer.concat([...this.#unit, data])
    const piece: UnitPiece = {
      kind: 'unit',
      data: all,
      statements: this.#statements,
      first: !this.#flushed,
      last,
    }
    this.#unit = []
    this.#statements = []
    this.#flushed = !last
    return piece
  }
}
