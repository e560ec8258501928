import type { ServerError } from './fault.ts'

/** What a server says about the transaction with each ReadyForQuery: none, open, failed. */
export type TransactionStatus = 'I' | 'T' | 'E'

/** What a connection may begin with instead of a startup message. The numbers are the protocol's. */
export const cancelRequest = 80877102
export const encryptionRequests: readonly number[] = [80877103, 80877104]

export const encryptionRefused = Buffer.from('N')
export const sync = message('S')

/** A message: a letter, the length of all but the letter, the parts; strings end in a zero. */
function message(type: string, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)))
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

export function errorResponse({ sqlState, severity = 'ERROR', message: text }: ServerError): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${sqlState}`, `M${text ?? `made up by a test: ${sqlState}`}`]
  return message('E', ...fields, '')
}

export function readyForQuery(status: TransactionStatus): Buffer {
  return message('Z', Buffer.from(status))
}

export function simpleQuery(text: string): Buffer {
  return message('Q', text)
}

/** The string that begins at `offset`, and where the next field begins. */
export function readString(data: Buffer, offset: number): { text: string; end: number } {
  const zero = data.indexOf(0, offset)
  const stop = zero < 0 ? data.length : zero
  return { text: data.toString('utf8', offset, stop), end: stop + 1 }
}
