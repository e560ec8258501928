import { v4 as newId } from 'uuid'
import { invalid, text, uuid, wholeNumber } from '../arguments.ts'
import { aYear } from '../backoff.ts'
import { endSessions } from '../session/end-sessions.ts'
import { act, changes, sessionThere } from '../sql/operators.ts'
import { wakeUp } from '../sql/wake-up.ts'
import { processName } from '../work/process-name.ts'
import { assertMachine, newAct, once, perform, type Acting, type ActOptions, type Doing } from './acting.ts'
import { takeOutOfService } from './out-of-service.ts'
import { releaseWork, type ReleaseOptions, type ReleaseResult } from './release.ts'

/** Options of `operator.lockOut`. */
export interface LockOutOptions extends ActOptions {
  /** When it ends by itself: a time, or whole seconds from now, up to a year. Default: when an operator ends it. */
  readonly until?: Date | undefined
  readonly seconds?: number | undefined
}

/** Options of `operator.addMachine`. */
export interface AddMachineOptions extends ActOptions {
  /** A UUID. Default: a new one. */
  readonly id?: string | undefined
}

/**
 * What an operator does to machines, processes and work. Each act binds every program and every claim from the moment that
 * it returns, is done once even where answers are lost, and leaves a row in `operator_history` with who and why, written in
 * the transaction that did it. All resolve with false where there was nothing to change, and then write nothing.
 *
 * Each throws InvalidArgumentError, TransactionTimeoutError (30 s unless told otherwise), DatabaseUnavailableError and
 * CommitOutcomeUnknownError, and those on one machine MachineNotFoundError.
 */
export class Operator {
  readonly #acting: Acting

  /** @internal `connection.operator(name)` makes operators. */
  constructor(acting: Acting) {
    this.#acting = acting
  }

  /** Registers a machine. @returns its id; a machine that was there already is left as it is */
  async addMachine(options: AddMachineOptions): Promise<string> {
    const machineId = options?.id === undefined ? newId() : uuid('id', options.id)
    await this.#do('add_machine', { action: 'add machine', machineId }, changes.addMachine, options)
    return machineId
  }

  /** Takes a machine out of service for good. @throws WorkConflictError while anybody holds it */
  async retire(machineId: string, options: ActOptions): Promise<boolean> {
    const id = uuid('machineId', machineId)
    return takeOutOfService(this.#acting, id, 'retire', changes.retire, options)
  }

  /** Takes back what `retire` did. */
  async returnToService(machineId: string, options: ActOptions): Promise<boolean> {
    return this.#onMachine('return_to_service', 'return to service', machineId, changes.returnToService, options)
  }

  /** Deletes a machine with its facts; its history and its tokens stay. @throws WorkConflictError while anybody holds it */
  async deleteMachine(machineId: string, options: ActOptions): Promise<boolean> {
    const id = uuid('machineId', machineId)
    return takeOutOfService(this.#acting, id, 'delete machine', changes.deleteMachine, options)
  }

  /** Says what the machine fails together with, such as its `rack`; null takes it back. */
  async setFailureDomain(
    machineId: string,
    kind: string,
    domain: string | null,
    options: ActOptions,
  ): Promise<boolean> {
    const values = [text('kind', kind, 128)]
    if (domain !== null) values.push(text('domain', domain, 256))
    const [name, change] =
      domain === null
        ? ['clear_failure_domain', changes.clearFailureDomain]
        : ['set_failure_domain', changes.setFailureDomain]
    return this.#onMachine(name, 'set failure domain', machineId, change, options, { values, restricting: true })
  }

  /** Keeps every process off the machine, for maintenance; what is held goes on. */
  async lockOut(machineId: string, options: LockOutOptions): Promise<boolean> {
    const { until, seconds } = options ?? {}
    if (until !== undefined && (!(until instanceof Date) || Number.isNaN(until.getTime())))
      invalid('until', until, 'a Date')
    if (until !== undefined && seconds !== undefined) invalid('seconds', seconds, 'absent where until is given')
    const values = [until ?? null, seconds === undefined ? null : wholeNumber('seconds', seconds, 1, aYear)]
    return this.#onMachine('lock_out', 'lock out', machineId, changes.lockOut, options, { values, restricting: true })
  }

  /** Ends a lock-out before its time. */
  async endLockOut(machineId: string, options: ActOptions): Promise<boolean> {
    return this.#onMachine('end_lock_out', 'end lock-out', machineId, changes.endLockOut, options)
  }

  /** Keeps a process from beginning anywhere; what is held goes on. */
  async pause(process: string, options: ActOptions): Promise<boolean> {
    const doing: Doing = { action: 'pause', process: processName(process) }
    return this.#do('pause', doing, changes.pause, options, { restricting: true })
  }

  /** Takes back what `pause` did. */
  async resume(process: string, options: ActOptions): Promise<boolean> {
    return this.#do('resume', { action: 'resume', process: processName(process) }, changes.resume, options)
  }

  /** Keeps a process off one machine until `unpark`; what is held goes on. */
  async park(machineId: string, process: string, options: ActOptions): Promise<boolean> {
    return this.#onMachine('park', 'park', machineId, changes.park, options, { process, restricting: true })
  }

  /** Lets the process begin on the machine again, with no failures counted and no backoff. */
  async unpark(machineId: string, process: string, options: ActOptions): Promise<boolean> {
    return this.#onMachine('unpark', 'unpark', machineId, changes.unpark, options, { process })
  }

  /** Keeps a process off one machine for so many whole seconds from now, up to a year. */
  async setBackoff(machineId: string, process: string, seconds: number, options: ActOptions): Promise<boolean> {
    const values = [wholeNumber('seconds', seconds, 1, aYear)]
    const also = { process, values, restricting: true }
    return this.#onMachine('set_backoff', 'set backoff', machineId, changes.setBackoff, options, also)
  }

  /** Ends a backoff before its time; failures stay counted. */
  async clearBackoff(machineId: string, process: string, options: ActOptions): Promise<boolean> {
    return this.#onMachine('clear_backoff', 'clear backoff', machineId, changes.clearBackoff, options, { process })
  }

  /**
   * Ends somebody's work: asks the holder first, whose signal aborts with reason `released` at its next beat, and takes the
   * work away when the grace is over.
   */
  async release(machineId: string, process: string, options: ReleaseOptions): Promise<ReleaseResult> {
    const id = uuid('machineId', machineId)
    return releaseWork(this.#acting, id, processName(process), options)
  }

  /** Ends a session at once, and with it its work, which the history calls `Released`; its open transactions are cut. */
  async endSession(sessionId: string, options: ActOptions): Promise<boolean> {
    const { database, operator } = this.#acting
    const id = uuid('sessionId', sessionId)
    const what = newAct(this.#acting, { action: 'end session', sessionId: id }, options)
    const before = [...wakeUp(database.dialect), act('end_session', what, sessionThere)]
    return once(database, what, options, async (connection) => {
      const reason = `session ended by ${operator}: ${what.reason}`
      const ended = await endSessions(database, connection, 'any', [id], reason, { before, event: 'Released' })
      return ended.sessions > 0
    })
  }

  async #onMachine(
    name: string,
    action: Doing['action'],
    machineId: string,
    change: string,
    options: ActOptions,
    also: { process?: string; values?: readonly unknown[]; restricting?: boolean } = {},
  ): Promise<boolean> {
    const id = uuid('machineId', machineId)
    const process = also.process === undefined ? undefined : processName(also.process)
    const done = await this.#do(name, { action, machineId: id, process }, change, options, also)
    if (!done) await assertMachine(this.#acting.database, id, options)
    return done
  }

  async #do(
    name: string,
    doing: Doing,
    change: string,
    options: ActOptions,
    also: { values?: readonly unknown[]; restricting?: boolean } = {},
  ): Promise<boolean> {
    const what = newAct(this.#acting, doing, options)
    return perform(this.#acting, what, act(name, what, change, also.values), also.restricting === true, options)
  }
}
