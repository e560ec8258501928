import { inspect } from 'node:util'

/** Every code a BMDB error can carry. Programs decide by these, never by message text. */
export const errorCodes = [
  'ERR_CLOSED',
  'ERR_COMMIT_OUTCOME_UNKNOWN',
  'ERR_DATABASE_UNAVAILABLE',
  'ERR_INVALID_ARGUMENT',
  'ERR_MACHINE_NOT_FOUND',
  'ERR_MIGRATION',
  'ERR_RETRIES_EXHAUSTED',
  'ERR_SESSION_EXPIRED',
  'ERR_TRANSACTION_TIMEOUT',
  'ERR_WORK_BACKOFF',
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

/** The session is over: see {@link LossReason}. Nothing more is done through it; start a new one. */
export class SessionExpiredError extends BMDBError {
  override readonly code = 'ERR_SESSION_EXPIRED'
  readonly sessionId: string
  readonly reason: LossReason

  constructor(sessionId: string, reason: LossReason, options?: ErrorOptions) {
    super(`session ${sessionId} is over: ${sessionEndings[reason]}`, options)
    this.sessionId = sessionId
    this.reason = reason
  }
}

const sessionEndings: Record<LossReason, string> = {
  deadline: 'no beat reached the database in time',
  deleted: 'its row is gone (swept, or ended by a takeover)',
  closed: 'it was closed',
  caller: 'the signal it was started with aborted',
  released: 'an operator ended it',
}

/** Who holds a machine for a process: what a {@link WorkConflictError} says. */
export interface Holder {
  readonly component: string
  readonly session: string
  /** When the holder claimed it. */
  readonly since: Date
  /** The holder's deadline: it will hold at least until then, and longer if it goes on beating. */
  readonly until: Date
}

/** The machine is locked for this process by somebody whose deadline has not passed. */
export class WorkConflictError extends BMDBError implements Holder {
  override readonly code = 'ERR_WORK_CONFLICT'
  readonly machineId: string
  readonly process: string
  readonly component: string
  readonly session: string
  readonly since: Date
  readonly until: Date

  constructor(machineId: string, process: string, holder: Holder) {
    super(
      `machine ${machineId} is held for ${process} by ${holder.component} (session ${holder.session}) ` +
        `since ${holder.since.toISOString()}, at least until ${holder.until.toISOString()}`,
    )
    this.machineId = machineId
    this.process = process
    this.component = holder.component
    this.session = holder.session
    this.since = holder.since
    this.until = holder.until
  }
}

/** An earlier failure keeps this process off the machine until `until`. The `cause` is the text given to `fail`. */
export class WorkBackoffError extends BMDBError {
  override readonly code = 'ERR_WORK_BACKOFF'
  readonly machineId: string
  readonly process: string
  readonly until: Date

  constructor(machineId: string, process: string, until: Date, cause: string) {
    super(`machine ${machineId} is in backoff for ${process} until ${until.toISOString()}: ${cause}`, { cause })
    this.machineId = machineId
    this.process = process
    this.until = until
  }
}

/** The work is no longer this holder's, although its session may go on. Nothing was written. */
export class WorkLostError extends BMDBError {
  override readonly code = 'ERR_WORK_LOST'
  readonly machineId: string
  readonly process: string
  readonly token: bigint
  readonly reason: LossReason

  constructor(
    work: { readonly machineId: string; readonly process: string; readonly token: bigint },
    reason: LossReason,
    options?: ErrorOptions,
  ) {
    super(
      `work ${work.process} on machine ${work.machineId} (token ${work.token}) was lost: ` +
        (reason === 'released' ? 'an operator released it' : 'its row is gone'),
      options,
    )
    this.machineId = work.machineId
    this.process = work.process
    this.token = work.token
    this.reason = reason
  }
}

/** The work was already ended by `finish`, `fail` or `cancel`. */
export class WorkEndedError extends BMDBError {
  override readonly code = 'ERR_WORK_ENDED'
  readonly machineId: string
  readonly process: string

  constructor(machineId: string, process: string, how: string) {
    super(`work ${process} on machine ${machineId} has already been ended by ${how}`)
    this.machineId = machineId
    this.process = process
  }
}

/** There is no such machine. */
export class MachineNotFoundError extends BMDBError {
  override readonly code = 'ERR_MACHINE_NOT_FOUND'
  readonly machineId: string

  constructor(machineId: string) {
    super(`there is no machine ${machineId}`)
    this.machineId = machineId
  }
}

/** `maxAttempts` attempts failed by conflicts or faults. The last one is the `cause`. Nothing was written. */
export class RetriesExhaustedError extends BMDBError {
  override readonly code = 'ERR_RETRIES_EXHAUSTED'
  readonly attempts: number

  constructor(attempts: number, cause: unknown) {
    super(`gave up after ${attempts} attempt${attempts === 1 ? '' : 's'}: ${messageOf(cause)}`, { cause })
    this.attempts = attempts
  }
}

/** COMMIT was sent, and whether it took effect could not be found out. Look before doing it again. */
export class CommitOutcomeUnknownError extends BMDBError {
  override readonly code = 'ERR_COMMIT_OUTCOME_UNKNOWN'

  constructor(what: string, cause: unknown) {
    super(`${what}: whether it was committed could not be found out: ${messageOf(cause)}`, { cause })
  }
}

/** The time limit passed. Nothing was written. The last conflict or fault, where there was one, is the `cause`. */
export class TransactionTimeoutError extends BMDBError {
  override readonly code = 'ERR_TRANSACTION_TIMEOUT'
  readonly timeoutMs: number

  constructor(what: string, timeoutMs: number, cause?: unknown) {
    super(
      `${what} did not end within ${timeoutMs} ms` + (cause === undefined ? '' : `: ${messageOf(cause)}`),
      cause === undefined ? undefined : { cause },
    )
    this.timeoutMs = timeoutMs
  }
}

export type UnavailableReason = 'unreachable' | 'authentication' | 'no such database' | 'overloaded'

/** The database cannot be used now. `reason` says why, the message where it was looked for. */
export class DatabaseUnavailableError extends BMDBError {
  override readonly code = 'ERR_DATABASE_UNAVAILABLE'
  readonly reason: UnavailableReason

  constructor(reason: UnavailableReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** The database's migrations are not those that this version needs. */
export class MigrationError extends BMDBError {
  override readonly code = 'ERR_MIGRATION'
}

/** A value that BMDB was given is out of range. The message names it and the range. */
export class InvalidArgumentError extends BMDBError {
  override readonly code = 'ERR_INVALID_ARGUMENT'
}

/** The connection was closed. */
export class ClosedError extends BMDBError {
  override readonly code = 'ERR_CLOSED'
  readonly reason: LossReason = 'closed'
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
