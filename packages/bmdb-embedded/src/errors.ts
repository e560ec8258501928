/**
 * What went wrong, for programs to decide on:
 *
 * - `ERR_EMBEDDED_UNSUPPORTED_PLATFORM`: there are no binaries for this platform, or they were not installed.
 * - `ERR_EMBEDDED_DIRECTORY`: the directory cannot be used: no permission, not a directory, damaged.
 * - `ERR_EMBEDDED_USER`: PostgreSQL cannot run as this user, or as any that root could give it.
 * - `ERR_EMBEDDED_PORT`: the wished port is taken, or no free one was found.
 * - `ERR_EMBEDDED_START`: the server, or `initdb`, ended instead of starting. The tail of its log is in the message.
 * - `ERR_EMBEDDED_STOP`: the server did not stop in time.
 * - `ERR_EMBEDDED_TIMEOUT`: the caller's `timeoutMs` is over. The message names what was waited for.
 * - `ERR_EMBEDDED_VERSION`: the data were written by another major version of PostgreSQL.
 * - `ERR_EMBEDDED_DURABILITY`: durability was asked for, and the running server has it switched off.
 * - `ERR_EMBEDDED_TEMPLATE`: a template database could not be prepared or copied. `cause` says why.
 * - `ERR_EMBEDDED_CLOSED`: the handle was closed before.
 * - `ERR_EMBEDDED_INVALID_ARGUMENT`: an option is out of its range. The message names it.
 */
export type EmbeddedDatabaseErrorCode =
  | 'ERR_EMBEDDED_UNSUPPORTED_PLATFORM'
  | 'ERR_EMBEDDED_DIRECTORY'
  | 'ERR_EMBEDDED_USER'
  | 'ERR_EMBEDDED_PORT'
  | 'ERR_EMBEDDED_START'
  | 'ERR_EMBEDDED_STOP'
  | 'ERR_EMBEDDED_TIMEOUT'
  | 'ERR_EMBEDDED_VERSION'
  | 'ERR_EMBEDDED_DURABILITY'
  | 'ERR_EMBEDDED_TEMPLATE'
  | 'ERR_EMBEDDED_CLOSED'
  | 'ERR_EMBEDDED_INVALID_ARGUMENT'

/** The only error that this package throws, apart from a caller's own abort reason and what a caller's own function throws. */
export class EmbeddedDatabaseError extends Error {
  readonly code: EmbeddedDatabaseErrorCode

  constructor(code: EmbeddedDatabaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EmbeddedDatabaseError'
    this.code = code
  }
}

/** The `code` of an error of Node or of the database (`ENOENT`, `55006`), or undefined where there is none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** An error's message, for quoting inside another one. */
export function errorMessage(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(errorMessage).join('; ')
  return error instanceof Error ? error.message : String(error)
}
