import { BMDBError, type LossReason } from './bmdb-error.ts'

/** Who holds a machine, and for what: what a {@link WorkConflictError} says. */
export interface Holder {
  /** The process that the machine is held for, where it is another than the claimed one, which it conflicts with. */
  readonly process?: string | undefined
  readonly component: string
  readonly session: string
  /** When the holder claimed it. */
  readonly since: Date
  /** The holder's deadline: it will hold at least until then, and longer if it goes on beating. */
  readonly until: Date
}

/** The machine is locked for this process, or for one in conflict with it, by somebody whose deadline has not passed. */
export class WorkConflictError extends BMDBError {
  override readonly code = 'ERR_WORK_CONFLICT'
  readonly machineId: string
  /** What was to be claimed. */
  readonly process: string
  /** What the machine is held for; another than `process` where the two conflict. */
  readonly heldFor: string
  readonly component: string
  readonly session: string
  readonly since: Date
  readonly until: Date

  constructor(machineId: string, process: string, holder: Holder) {
    const heldFor = holder.process ?? process
    super(
      `machine ${machineId} is held for ${heldFor}` +
        (heldFor === process ? '' : `, which conflicts with ${process},`) +
        ` by ${holder.component} (session ${holder.session}) ` +
        `since ${holder.since.toISOString()}, at least until ${holder.until.toISOString()}`,
    )
    this.machineId = machineId
    this.process = process
    this.heldFor = heldFor
    this.component = holder.component
    this.session = holder.session
    this.since = holder.since
    this.until = holder.until
  }
}

/** Why a process may not begin on a machine, whoever asks and however, until an operator or somebody's end says otherwise. */
export type BlockedState = 'retired' | 'locked out' | 'paused' | 'parked' | 'failure domain'

/** What there is to say of a {@link BlockedState}. */
export interface BlockedFact {
  /** In words: since when, by whom and why, or which failure domain is full. */
  readonly fact: string
  readonly by?: string | undefined
  readonly since?: Date | undefined
  readonly until?: Date | undefined
}

/** The process may not begin on the machine: `reason` says why, the message by whom and since when. */
export class WorkBlockedError extends BMDBError {
  override readonly code = 'ERR_WORK_BLOCKED'
  readonly machineId: string
  readonly process: string
  readonly reason: BlockedState
  /** Who said so: an operator, or the component whose failures led to it. */
  readonly by: string | null
  readonly since: Date | null
  /** When it ends by itself; null where somebody has to end it. */
  readonly until: Date | null

  constructor(machineId: string, process: string, reason: BlockedState, fact: BlockedFact) {
    super(`${process} may not begin on machine ${machineId}: ${fact.fact}`)
    this.machineId = machineId
    this.process = process
    this.reason = reason
    this.by = fact.by ?? null
    this.since = fact.since ?? null
    this.until = fact.until ?? null
  }
}

/** A process was declared before with other conflicts or limits; the message names both. Nothing was written. */
export class ProcessDeclarationError extends BMDBError {
  override readonly code = 'ERR_PROCESS_DECLARATION'
  readonly process: string

  constructor(process: string, message: string) {
    super(message)
    this.process = process
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
