import type { TransactionStatus } from './messages.ts'

/**
 * A piece of what a server sends: `ready` is one ReadyForQuery, which ends an answer; `parsed` is the word that a
 * statement was prepared; `rest` is anything else, in whatever lengths it comes, so that large answers flow through.
 */
export type ServerPiece =
  | { readonly kind: 'ready'; readonly data: Buffer; readonly status: TransactionStatus }
  | { readonly kind: 'parsed' | 'rest'; readonly data: Buffer }

const ready = 'Z'.charCodeAt(0)
const parsed = '1'.charCodeAt(0)
const readyBytes = 6

/** Finds the ends of answers in what one server sends. */
export class ServerMessages {
  #head: Buffer = Buffer.alloc(0)
  #bodyLeft = 0

  push(chunk: Buffer): ServerPiece[] {
    const data = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk])
    this.#head = Buffer.alloc(0)
    const pieces: ServerPiece[] = []
    let restFrom = 0
    let at = Math.min(this.#bodyLeft, data.length)
    this.#bodyLeft -= at
    while (at < data.length) {
      const type = data[at]!
      const whole = data.length - at >= 5 ? data.readInt32BE(at + 1) + 1 : undefined
      if (whole === undefined || (type === ready && data.length - at < readyBytes)) {
        this.#head = data.subarray(at)
        break
      }
      const end = at + whole
      if (type === ready || type === parsed) {
        if (at > restFrom) pieces.push({ kind: 'rest', data: data.subarray(restFrom, at) })
        const message = data.subarray(at, end)
        if (type === parsed) pieces.push({ kind: 'parsed', data: message })
        else
          pieces.push({ kind: 'ready', data: message, status: String.fromCharCode(message[5]!) as TransactionStatus })
        restFrom = end
      } else if (end > data.length) {
        this.#bodyLeft = end - data.length
      }
      at = Math.min(end, data.length)
    }
    const restEnd = data.length - this.#head.length
    if (restEnd > restFrom) pieces.push({ kind: 'rest', data: data.subarray(restFrom, restEnd) })
    return pieces
  }
}
