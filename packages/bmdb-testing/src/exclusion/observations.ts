/** A lock: at most one holder at a time for each pair. */
export interface Lock {
  readonly machineId: string
  readonly process: string
}

/**
 * A holder's own window, by the monotonic clock of one host (`process.hrtime.bigint()`, which all its programs share):
 * from when the claim returned until the signal aborted or the end was asked for: others may lawfully hold before it returns.
 */
export interface Hold extends Lock {
  readonly token: bigint
  /** Who: a program, or one of several in a program. */
  readonly holder: string
  /** Nanoseconds. */
  readonly fromNs: bigint
  /** Nanoseconds; undefined for one that was not seen to end. */
  readonly toNs: bigint | undefined
}

/** A time in which a holder did nothing, because its program was stopped, or dead. */
export interface Pause {
  readonly holder: string
  /** Nanoseconds, by the clock of the holds. */
  readonly fromNs: bigint
  /** Undefined for a program that is dead. */
  readonly toNs: bigint | undefined
}

/** A write that reached something outside the database, as that saw it. */
export interface OutsideWrite extends Lock {
  readonly token: bigint
  readonly holder: string
  /** Nanoseconds, by one clock for all writes to the same lock's thing. */
  readonly atNs: bigint
  /** False if it was refused for its token. */
  readonly accepted: boolean
}

/** A row of `work_history`. */
export interface JournalRow extends Lock {
  readonly event: string
  readonly token: bigint | string
  readonly sessionId: string
}

/**
 * What went wrong:
 * - `overlap`: two holders' windows overlap
 * - `stale write`: something outside accepted a token older than one that it had accepted before
 * - `start`: a token that the journal does not have exactly one start of
 * - `end`: a token with several ends, or with none although a later one was started
 * - `other session`: a token that ended in another session than it was started in
 */
export type ViolationKind = 'overlap' | 'stale write' | 'start' | 'end' | 'other session'

/** One thing that must not be. */
export interface Violation extends Lock {
  readonly kind: ViolationKind
  readonly token: bigint
  /** A sentence for people. */
  readonly message: string
}
