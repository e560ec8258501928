import { v4 as newId } from 'uuid'
import { backoffParameters, type Backoff } from '../backoff.ts'
import { monotonicMs } from '../clock.ts'
import { runOwn } from '../database/own-statements.ts'
import type { ServerConnection, Statement } from '../database/server-connection.ts'
import { messageOf, TransactionTimeoutError, WorkEndedError, WorkLostError } from '../errors.ts'
import type { BMDBError, LossReason } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import type { SessionContext } from '../session/session-context.ts'
import {
  cancelWork,
  failWork,
  finishWork,
  guardWork,
  lookAfterEnd,
  type EndRow,
  type WorkKey,
} from '../sql/end-work.ts'
import { AlreadyCommittedError, type Guard } from '../transaction/guard.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'
import { runTransaction, type TransactionFunction, type TransactOptions } from '../transaction/transaction.ts'
import { causeText } from './cause-text.ts'
import type { FinishTogether } from './finish-together.ts'

/** How long `cancel` may take. */
const cancelMs = 3_000

type End = 'finish' | 'fail' | 'cancel'

/**
 * A lock on (machine, process), held until exactly one of `finish`, `fail` and `cancel` ends it.
 *
 *     held ──finish · fail · cancel──▶ ending ──▶ ended
 *      │ ▲                               │
 *      │ └── it failed: still held ──────┤
 *      └── session over, row gone ──▶ lost ◀──┘
 */
export class Work<Client extends PrismaClientLike = PrismaClientLike> implements AsyncDisposable {
  readonly machineId: string
  readonly process: string
  /** Greater than the token of every earlier claim of this (machine, process): for things outside the database. */
  readonly token: bigint
  /**
   * Aborts when the work is lost, before anybody else can take over; never on a normal end. Where the session is over
   * while an end is under way it aborts too, although that end may still turn out to have succeeded.
   */
  readonly signal: AbortSignal
  readonly #session: SessionContext<Client>
  readonly #lost = new AbortController()
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
    this.signal = this.#lost.signal
    this.#together = together
    this.#onOver = onOver
  }

  /** True once `finish`, `fail` or `cancel` succeeded. */
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
      guard: this.#guard(guardWork(database.dialect, this.#key)),
      signals: [this.#session.signal, this.signal],
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
        const statement = finishWork(database.dialect, this.#key, historyId, componentName, false)
        await this.#endAlone('finish', statement, historyId, options)
        return undefined
      }
      return runTransaction(
        {
          database,
          client,
          guard: this.#guard(finishWork(database.dialect, this.#key, historyId, componentName, true), historyId),
          // It deletes the row of work, which an earlier attempt still holds, or has deleted under the same mark.
          guardSettles: true,
          signals: [this.#session.signal, this.signal],
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
  async fail(cause: unknown, backoff?: Backoff, options?: WaitOptions): Promise<void> {
    const parameters = backoffParameters(backoff)
    const historyId = newId()
    const statement = failWork(this.#key, historyId, this.#session.componentName, causeText(cause), parameters)
    await this.#endBy('fail', () => this.#endAlone('fail', statement, historyId, options))
  }

  /** Gives the work back as if it had not been started; a backoff stays as it is. Takes 3 s at most. */
  async cancel(): Promise<void> {
    const historyId = newId()
    const statement = cancelWork(this.#key, historyId, this.#session.componentName)
    await this.#endBy('cancel', () => this.#endAlone('cancel', statement, historyId, { timeoutMs: cancelMs }))
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
      this.#lost.abort(typeof reason === 'string' ? new WorkLostError(this, reason) : reason)
      this.#over('lost')
    }
    return this.signal.reason as BMDBError
  }

  /** @internal The session is over: whatever is under way, others may take over soon. An end keeps its own result. */
  sessionEnded(error: BMDBError): void {
    if (this.#state === 'ending') this.#lost.abort(error)
    else this.lose(error)
  }

  get #key(): WorkKey {
    return { machineId: this.machineId, process: this.process, sessionId: this.#session.id, token: this.token }
  }

  #assertHeld(): void {
    if (this.#state === 'ended') throw new WorkEndedError(this.machineId, this.process, this.#by ?? 'finish')
    this.#session.assertHolds()
    if (this.#state === 'lost') throw this.signal.reason
  }

  #assertNotEnding(): void {
    if (this.#state === 'ending')
      throw new WorkEndedError(this.machineId, this.process, `${this.#by}, which is under way`)
  }

  /** @param historyId - the mark of the end that the statement belongs to, if it does to one */
  #guard(statement: Statement, historyId?: string): Guard {
    return {
      statement,
      // It waits for others that got past it before it writes the row as well.
      settling: guardWork(this.#session.database.dialect, this.#key),
      check: async (rows, connection) => {
        if ((rows as EndRow[])[0]?.ended === true) return
        // It began before the end that deleted the row: no loss, or one that the end itself will find.
        if (historyId === undefined) this.#assertNotEnding()
        const found = await this.#look(connection, historyId ?? newId())
        if (found === 'marked') throw new AlreadyCommittedError('an earlier attempt was committed')
        throw found
      },
    }
  }

  /** The row was not there: was it this very end, under its mark; or is the session gone, or the work alone? */
  async #look(connection: ServerConnection, historyId: string): Promise<'marked' | BMDBError> {
    const { rows } = await connection.query<{ marked: boolean; alive: boolean }>(
      lookAfterEnd(this.#session.id, historyId),
    )
    if (rows[0]?.marked === true) return 'marked'
    return rows[0]?.alive === true ? this.lose('deleted') : this.lose(this.#session.foundGone())
  }

  async #endAlone(end: End, statement: Statement, historyId: string, options?: WaitOptions): Promise<void> {
    const { database, signal } = this.#session
    const what = `${end} of ${this.process}`
    using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError(what, ms), [signal, this.signal])
    const together = end === 'finish' ? await this.#together.finish({ work: this.#key, historyId }, limit) : 'alone'
    if (together === 'ended') return
    const send = async (connection: ServerConnection): Promise<void> => {
      const result = await connection.query<EndRow & { [column: string]: unknown }>(statement)
      if (result.rows[0]?.ended === true) return
      // The mark is this call's own: an earlier try, whose answer was lost, had done it.
      const found = await this.#look(connection, historyId)
      if (found !== 'marked') throw found
    }
    await runOwn(database, limit, what, send, together === 'unsure')
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

  #over(result: 'finished' | 'failed' | 'canceled' | 'lost'): void {
    const { metrics } = this.#session.database
    metrics.count('bmdb_work_ended_total', { process: this.process, result })
    metrics.observe('bmdb_work_duration_seconds', { process: this.process }, (monotonicMs() - this.#startedMs) / 1000)
    this.#onOver(this)
  }
}

const results = { finish: 'finished', fail: 'failed', cancel: 'canceled' } as const
