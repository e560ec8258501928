import { inspect } from 'node:util'

/** Every code a BMDB error can carry. Programs decide by these, never by message text. */
export const errorCodes = [
  'ERR_CLOSED',
  'ERR_COMMIT_OUTCOME_UNKNOWN',
  'ERR_DATABASE_UNAVAILABLE',
  'ERR_INVALID_ARGUMENT',
  'ERR_MACHINE_NOT_FOUND',
  'ERR_MIGRATION',
  'ERR_PROCESS_DECLARATION',
  'ERR_RETRIES_EXHAUSTED',
  'ERR_SESSION_EXPIRED',
  'ERR_TRANSACTION_TIMEOUT',
  'ERR_WORK_BACKOFF',
  'ERR_WORK_BLOCKED',
  'ERR_WORK_CONFLICT',
  'ERR_WORK_ENDED',
  'ERR_WORK_LOST',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/**
 * Why a session or a piece of work is over for its holder.
 * - `deadline`: no beat was acknowledged in time; others may take over from now on.
 * - `deleted`: the row is gone: swept, or ended by a takeover.
 * - `closed`: the session or its connection was closed.
 * - `caller`: the signal that was given to `startSession` aborted.
 * - `released`: an operator ended it.
 */
export type LossReason = 'deadline' | 'deleted' | 'closed' | 'caller' | 'released'

/** What all errors of BMDB extend. Survives `JSON.stringify`: tokens become strings, causes are kept. */
export abstract class BMDBError extends Error {
  abstract readonly code: ErrorCode

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }

  toJSON(): Record<string, unknown> {
    const fields: Record<string, unknown> = { name: this.name, code: this.code, message: this.message }
    for (const [key, value] of Object.entries(this)) {
      if (key === 'cause') continue
      fields[key] = typeof value === 'bigint' ? String(value) : value
    }
    if (this.cause !== undefined) fields['cause'] = describeCause(this.cause)
    return fields
  }
}

/** True for a BMDB error, of the given code where one is given. Compares codes, so two copies of the package agree. */
export function isBMDBError(error: unknown, code?: ErrorCode): error is BMDBError {
  if (!(error instanceof Error) || !('code' in error)) return false
  return code === undefined ? (errorCodes as readonly unknown[]).includes(error.code) : error.code === code
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function describeCause(cause: unknown): unknown {
  if (cause instanceof BMDBError) return cause.toJSON()
  if (cause instanceof Error) return { name: cause.name, message: cause.message }
  try {
    JSON.stringify(cause)
    return cause
  } catch {
    // Somebody's own object, such as an abort's reason: a big integer, or something that contains itself.
    return inspect(cause, { depth: 1 })
  }
}
