import { isBMDBError, type DatabaseUnavailableError } from '@bmdb/core'

/**
 * What a failed sweep means, coarse enough that one trouble is said once, however its errors differ from try to try:
 * - `outage`: the database does not answer; it will again.
 * - `not migrated`: its tables are gone, or not those of this version.
 * - anything else: a code or a name, such as `authentication`.
 */
export function failureKind(error: unknown): string {
  const unavailable = find(error, (one) => isBMDBError(one, 'ERR_DATABASE_UNAVAILABLE')) as
    DatabaseUnavailableError | undefined
  if (unavailable !== undefined)
    return ['unreachable', 'overloaded'].includes(unavailable.reason) ? 'outage' : unavailable.reason
  // No answer in time, or none to COMMIT: the next sweep finds what this one left.
  if (isBMDBError(error, 'ERR_TRANSACTION_TIMEOUT') || isBMDBError(error, 'ERR_COMMIT_OUTCOME_UNKNOWN')) return 'outage'
  const code = codeOf(error)
  if (code !== undefined && missingSchemaStates.has(code)) return 'not migrated'
  return code ?? (error instanceof Error ? error.name : 'unknown')
}

// No such table, schema or column.
const missingSchemaStates = new Set(['42P01', '3F000', '42703'])

/** The error or the first of its causes of which it is true. */
function find(error: unknown, is: (one: unknown) => boolean): unknown {
  for (let one = error; one !== undefined; one = one instanceof Error ? one.cause : undefined) if (is(one)) return one
  return undefined
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
