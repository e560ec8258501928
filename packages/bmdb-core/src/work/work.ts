import { v4 as newId } from 'uuid'
import { text, wholeNumber } from '../arguments.ts'
import { aYear, backoffParameters, type Backoff } from '../backoff.ts'
import { monotonicMs } from '../clock.ts'
import { messageOf, WorkEndedError, WorkLostError } from '../errors.ts'
import type { BMDBError, LossReason } from '../errors.ts'
import type { WaitOptions } from '../limit.ts'
import type { Counters } from '../metrics.ts'
import type { SessionContext } from '../session/session-context.ts'
import { cancelWork, failWork, finishWork, guardWork } from '../sql/end-work.ts'
import { parkWork, reportProgress, snoozeWork } from '../sql/set-work-aside.ts'
import type { ReleaseRequest } from '../sql/sessions.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'
import { runTransaction, type TransactionFunction, type TransactOptions } from '../transaction/transaction.ts'
import { causeText } from './cause-text.ts'
import type { FinishTogether } from './finish-together.ts'
import type { FailOptions, ProgressOptions } from './work-options.ts'
import { WorkRow } from './work-row.ts'

/** How long `cancel` may take. */
const cancelMs = 3_000

type End = 'finish' | 'fail' | 'snooze' | 'park' | 'cancel'

/**
 * A lock on (machine, process), held until exactly one of `finish`, `fail`, `snooze`, `park` and `cancel` ends it.
 *
 *     held ──finish · fail · snooze · park · cancel──▶ ending ──▶ ended
 *      │ ▲                               │
 *      │ └── it failed: still held ──────┤
 *      └── session over, row gone ──▶ lost ◀──┘
 *
 * An operator's request to release it aborts the signal, and changes nothing else: it is still held, and may be ended.
 */
export class Work<Client extends PrismaClientLike = PrismaClientLike> implements AsyncDisposable {
  readonly machineId: string
  readonly process: string
  /** Greater than the token of every earlier claim of this (machine, process): for things outside the database. */
  readonly token: bigint
  /**
   * Aborts when the work is lost, before anybody else can take over; never on a normal end. Where the session is over
   * while an end is under way it aborts too, although that end may still turn out to have succeeded. With reason
   * `released` an operator asks for it: it may still be ended, and is taken away if it is not.
   */
  readonly signal: AbortSignal
  readonly #stop = new AbortController()
  readonly #session: SessionContext<Client>
  /** Aborts when it is lost for good: what is under way in the database ends then. */
  readonly #lost = new AbortController()
  readonly #row: WorkRow<Client>
  #release: ReleaseRequest | undefined
  readonly #together: FinishTogether<Client>
  readonly #onOver: (work: Work<Client>) => void
  readonly #startedMs = monotonicMs()
  #state: 'held' | 'ending' | 'ended' | 'lost' = 'held'
  #by: End | undefined

  /** @internal Sessions make work. */
  constructor(
    session: SessionContext<Client>,
    claimed: { readonly machineId: string; readonly process: string; readonly token: bigint },
    together: FinishTogether<Client>,
    onOver: (work: Work<Client>) => void,
  ) {
    this.#session = session
    this.machineId = claimed.machineId
    this.process = claimed.process
    this.token = claimed.token
    this.signal = this.#stop.signal
    this.#together = together
    this.#onOver = onOver
    this.#row = new WorkRow(session, claimed, {
      signal: this.#lost.signal,
      held: () => this.#state === 'held',
      lose: (reason) => this.lose(reason),
      assertNotEnding: () => this.#assertNotEnding(),
    })
  }

  /** True once one of its ends succeeded. */
  get ended(): boolean {
    return this.#state === 'ended'
  }

  /** @internal True while an end is under way, which will itself find out if the work is gone. */
  get ending(): boolean {
    return this.#state === 'ending'
  }

  /**
   * Like `session.transact`, and the work must still be held.
   * @throws WorkLostError, WorkEndedError, and what `session.transact` throws
   */
  async transact<Result>(fn: TransactionFunction<Client, Result>, options?: TransactOptions<Client>): Promise<Result> {
    this.#assertNotEnding()
    this.#assertHeld()
    const { database, client } = this.#session
    const setting = {
      database,
      client,
      guard: this.#row.guard(guardWork(database.dialect, this.#row.key)),
      signals: [this.#session.signal, this.#lost.signal],
      what: 'the transaction',
    }
    return this.#session.track(runTransaction(setting, fn, options))
  }

  /**
   * Ends the work well and clears the backoff; with `fn`, in the transaction in which `fn` stores the result.
   * If it throws anything but ERR_SESSION_EXPIRED, ERR_WORK_LOST or ERR_COMMIT_OUTCOME_UNKNOWN the work is still held,
   * and may be ended again.
   * @throws WorkEndedError when it was already ended, and what `transact` throws
   */
  async finish<Result = void>(
    fn?: TransactionFunction<Client, Result>,
    options?: TransactOptions<Client>,
  ): Promise<Result | undefined> {
    const historyId = newId()
    const { database, client, componentName } = this.#session
    return this.#endBy('finish', async () => {
      if (fn === undefined) {
        const statement = finishWork(database.dialect, this.#row.key, historyId, componentName, false)
        await this.#row.end('finish', statement, historyId, options, this.#together)
        return undefined
      }
      return runTransaction(
        {
          database,
          client,
          guard: this.#row.guard(
            finishWork(database.dialect, this.#row.key, historyId, componentName, true),
            historyId,
          ),
          // It deletes the row of work, which an earlier attempt still holds, or has deleted under the same mark.
          guardSettles: true,
          signals: [this.#session.signal, this.#lost.signal],
          what: `finish of ${this.process}`,
        },
        fn,
        options,
      )
    })
  }

  /**
   * Ends the work badly: stores the cause, and keeps the process off the machine for a while.
   * @param cause - an error, with its causes, or a text
   * @param backoff - without one: a second, or as long as the last time
   * @throws InvalidArgumentError for a backoff out of range, and what `finish` throws
   */
  async fail(cause: unknown, backoff?: Backoff, options?: FailOptions): Promise<void> {
    const parameters = backoffParameters(backoff)
    const most = options?.maxAttempts
    const maxAttempts = most === undefined ? null : wholeNumber('maxAttempts', most, 1, 1_000_000)
    const historyId = newId()
    const { componentName } = this.#session
    const statement = failWork(this.#row.key, historyId, componentName, causeText(cause), parameters, maxAttempts)
    await this.#endBy('fail', () => this.#row.end('fail', statement, historyId, options))
  }

  /**
   * Ends the work for now, which is no failure and counts no attempt: the process stays off the machine for so long.
   * @param seconds - whole seconds, 1 to a year
   * @throws InvalidArgumentError, and what `finish` throws
   */
  async snooze(seconds: number, options?: WaitOptions): Promise<void> {
    const historyId = newId()
    const { componentName } = this.#session
    const statement = snoozeWork(this.#row.key, historyId, componentName, wholeNumber('seconds', seconds, 1, aYear))
    await this.#endBy('snooze', () => this.#row.end('snooze', statement, historyId, options))
  }

  /**
   * Ends the work, and keeps the process off the machine until an operator unparks it.
   * @param reason - for the operator: an error, with its causes, or a text
   * @throws what `finish` throws
   */
  async park(reason: unknown, options?: WaitOptions): Promise<void> {
    const historyId = newId()
    const statement = parkWork(this.#row.key, historyId, this.#session.componentName, causeText(reason))
    await this.#endBy('park', () => this.#row.end('park', statement, historyId, options))
  }

  /**
   * Tells operators how far the work is.
   * @param message - 1 to 500 characters
   * @param percent - a whole number, 0 to 100
   * @throws InvalidArgumentError, WorkLostError, WorkEndedError, TransactionTimeoutError (30 s unless told otherwise)
   */
  async progress(message: string, percent?: number, options?: ProgressOptions): Promise<void> {
    const deadline = options?.deadlineSeconds
    const statement = reportProgress(
      this.#row.key,
      text('message', message, 500),
      percent === undefined ? null : wholeNumber('percent', percent, 0, 100),
      deadline === undefined ? null : wholeNumber('deadlineSeconds', deadline, 1, aYear),
    )
    this.#assertNotEnding()
    this.#assertHeld()
    await this.#row.report(statement, options)
  }

  /**
   * Gives the work back as if it had not been started; a backoff stays as it is. Takes 3 s at most. Where an operator had
   * asked for it, the history says `Released`.
   */
  async cancel(): Promise<void> {
    const historyId = newId()
    const asked = this.#release
    const released = asked === undefined ? undefined : `released by ${asked.by}: ${asked.reason}`
    const statement = cancelWork(this.#row.key, historyId, this.#session.componentName, released)
    await this.#endBy('cancel', () => this.#row.end('cancel', statement, historyId, { timeoutMs: cancelMs }))
  }

  /** Cancels the work if nothing has ended it; if that fails, the session's next beats see to it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'held') return
    await this.cancel().catch((error: unknown) => {
      this.#session.database.logger.warn('work could not be cancelled', {
        machine: this.machineId,
        process: this.process,
        error: messageOf(error),
      })
      // Nobody has a handle any more: as work that nobody knows of, the beats cancel it when the database is back.
      this.#onOver(this)
    })
  }

  /** @internal Says that the work is gone. Returns the error that its signal aborts with. */
  lose(reason: LossReason | BMDBError): BMDBError {
    if (this.#state === 'ended') return new WorkEndedError(this.machineId, this.process, this.#by ?? 'finish')
    if (this.#state !== 'lost') {
      this.#state = 'lost'
      this.#abort(typeof reason === 'string' ? new WorkLostError(this, reason) : reason)
      this.#over('lost')
    }
    return this.#lost.signal.reason as BMDBError
  }

  /** @internal An operator asks the holder to let go: it may still end the work. */
  releaseRequested(request: ReleaseRequest): void {
    if (this.#release !== undefined || this.#state === 'ended' || this.#state === 'lost') return
    this.#release = request
    const cause = `${request.by}: ${request.reason}`
    this.#stop.abort(new WorkLostError(this, 'released', { cause }))
  }

  /** @internal The session is over: whatever is under way, others may take over soon. An end keeps its own result. */
  sessionEnded(error: BMDBError): void {
    if (this.#state === 'ending') this.#abort(error)
    else this.lose(error)
  }

  #abort(error: BMDBError): void {
    this.#lost.abort(error)
    this.#stop.abort(error)
  }

  #assertHeld(): void {
    if (this.#state === 'ended') throw new WorkEndedError(this.machineId, this.process, this.#by ?? 'finish')
    this.#session.assertHolds()
    if (this.#state === 'lost') throw this.#lost.signal.reason
  }

  #assertNotEnding(): void {
    if (this.#state === 'ending')
      throw new WorkEndedError(this.machineId, this.process, `${this.#by}, which is under way`)
  }

  async #endBy<Result>(end: End, run: () => Promise<Result>): Promise<Result> {
    this.#assertNotEnding()
    this.#assertHeld()
    this.#state = 'ending'
    this.#by = end
    try {
      const result = await this.#session.track(run())
      this.#state = 'ended'
      this.#over(results[end])
      return result
    } catch (error) {
      if (this.#state === 'ending') this.#state = 'held'
      if (this.#session.signal.aborted) this.lose(this.#session.signal.reason as BMDBError)
      throw error
    }
  }

  #over(result: Counters['bmdb_work_ended_total']['result']): void {
    const { metrics } = this.#session.database
    metrics.count('bmdb_work_ended_total', { process: this.process, result })
    metrics.observe('bmdb_work_duration_seconds', { process: this.process }, (monotonicMs() - this.#startedMs) / 1000)
    this.#onOver(this)
  }
}

const results = { finish: 'finished', fail: 'failed', snooze: 'snoozed', park: 'parked', cancel: 'canceled' } as const
