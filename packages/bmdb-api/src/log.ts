import type { Logger } from '@bmdb/core'

/** Says nothing. */
export const quietLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** An error for the log: all that is withheld from answers. */
export function forLog(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) }
  const code: unknown = Reflect.get(error, 'code')
  return { error: error.message, ...(code === undefined ? {} : { code }), stack: error.stack }
}
