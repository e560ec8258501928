import { BMDBError, messageOf, type LossReason } from './bmdb-error.ts'

export * from './bmdb-error.ts'
export * from './work-errors.ts'

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
