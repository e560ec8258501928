import { setMaxListeners } from 'node:events'
import { monotonicMs, sleep } from './clock.ts'
import type { Heartbeat } from './beat/heartbeat.ts'
import type { BeatLine } from './beat/beat-line.ts'
import type { Database } from './database/database.ts'
import { answerGraceMs, runOwn } from './database/own-statements.ts'
import { SessionExpiredError, TransactionTimeoutError, messageOf, type LossReason } from './errors.ts'
import { Limit } from './limit.ts'
import { guardSession, settleGuarded, type BeatRow } from './sql/sessions.ts'
import type { Guard } from './transaction/guard.ts'
import type { PrismaClientLike } from './transaction/prisma-seam.ts'
import { runTransaction, type TransactionFunction, type TransactOptions } from './transaction/transaction.ts'
import { claimMany, claimOne, type ClaimOptions, type Retrieve } from './work/claim-work.ts'
import { HeldWork } from './work/held-work.ts'
import { runWork, type WorkOptions } from './work/run-work.ts'
import type { Work } from './work/work.ts'
import { processName } from './work/process-name.ts'
import { uuid, wholeNumber } from './arguments.ts'
import { endSessions } from './session/end-sessions.ts'
import type { SessionContext } from './session/session-context.ts'
import { sessionHeartbeat } from './session/session-heartbeat.ts'

/** How long `close` may take. */
const closeMs = 3_000

/** What a session is made of; `connection.startSession` puts it together. */
export interface SessionSetting<Client extends PrismaClientLike> {
  readonly id: string
  readonly componentName: string
  readonly intervalSeconds: number
  /** Monotonic time before the statement that started the session was sent. */
  readonly startedMs: number
  readonly database: Database
  readonly line: BeatLine
  readonly client: Client
  readonly signal?: AbortSignal | undefined
  /** Shared by all sessions of a connection. */
  readonly ruledProcesses: Set<string>
  readonly onEnded: () => void
}

/**
 * "This program is alive": a row that beats keep alive, and everything that may be done only while it holds.
 *
 *     holding ──▶ over('deadline' | 'deleted' | 'closed' | 'caller' | 'released')
 *
 * Once over it stays over: {@link signal} has aborted with a {@link SessionExpiredError} whose `reason` says why, and
 * every method rejects with it.
 */
export class Session<Client extends PrismaClientLike = PrismaClientLike> implements AsyncDisposable {
  /** The session's UUID, chosen here. */
  readonly id: string
  /** Aborts when the session is over, before anybody else can take over what it holds. */
  readonly signal: AbortSignal
  readonly #setting: SessionSetting<Client>
  readonly #over = new AbortController()
  readonly #heartbeat: Heartbeat<BeatRow>
  readonly #held: HeldWork<Client>
  readonly #context: SessionContext<Client>
  readonly #running = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  /** @internal `connection.startSession` makes sessions. */
  constructor(setting: SessionSetting<Client>) {
    const { id, database } = setting
    this.id = id
    this.signal = this.#over.signal
    // Every call that is under way listens to it, and any number may be: Node would warn of a leak at eleven.
    setMaxListeners(0, this.signal)
    this.#setting = setting
    this.#context = {
      id,
      componentName: setting.componentName,
      database,
      client: setting.client,
      signal: this.signal,
      assertHolds: () => this.#assertHolds(),
      track: (promise) => this.#track(promise),
      foundGone: () => this.#end('deleted'),
      ruledProcesses: setting.ruledProcesses,
    }
    this.#held = new HeldWork(this.#context)
    this.#heartbeat = sessionHeartbeat(setting, this.#held, (reason) => this.#end(reason))
    this.#heartbeat.start()
    this.#follow(setting.signal)
  }

  /** True once the session is over, judged by the monotonic clock without asking the database. */
  get expired(): boolean {
    return this.signal.aborted || this.#heartbeat.remainingMs() === 0
  }

  /** By when it stops unless a further beat is acknowledged, on this program's wall clock: for people, not for decisions. */
  get deadline(): Date {
    return new Date(Date.now() + this.#heartbeat.remainingMs())
  }

  /** Milliseconds until it stops unless a further beat is acknowledged, on a monotonic clock; 0 once it is over. */
  remainingMs(): number {
    return this.signal.aborted ? 0 : this.#heartbeat.remainingMs()
  }

  /**
   * Runs `fn` in a SERIALIZABLE transaction that commits only while the session holds; see {@link TransactOptions}.
   * Conflicts, and faults before COMMIT was sent, are retried until the limit: `fn` runs once per attempt.
   *
   * @throws SessionExpiredError, TransactionTimeoutError, RetriesExhaustedError, CommitOutcomeUnknownError, the signal's
   *   reason, what `fn` throws, or the error of a statement that `fn` swallowed
   */
  async transact<Result>(fn: TransactionFunction<Client, Result>, options?: TransactOptions<Client>): Promise<Result> {
    this.#assertHolds()
    const { database, client } = this.#setting
    const guard: Guard = {
      statement: guardSession(database.dialect, this.id),
      settling: settleGuarded(this.id),
      check: (rows) => {
        if (rows.length === 0) throw this.#end('deleted')
      },
    }
    return this.#track(
      runTransaction({ database, client, guard, signals: [this.signal], what: 'the transaction' }, fn, options),
    )
  }

  /**
   * Locks the machine for the process, runs `fn`, and releases the lock: by `finish` when `fn` returns, by `fail` with
   * `backoff` when it throws, unless `fn` ended the work itself. Resolves with what `fn` returned; a throw comes out as
   * it was.
   *
   * @throws WorkConflictError when it is held, by this session or another; WorkBackoffError; MachineNotFoundError;
   *   SessionExpiredError; TransactionTimeoutError
   */
  async work<Result>(
    machineId: string,
    process: string,
    fn: (work: Work<Client>) => Promise<Result> | Result,
    options?: WorkOptions,
  ): Promise<Result> {
    const id = uuid('machineId', machineId)
    processName(process)
    this.#assertHolds()
    return runWork(
      () => this.#track(claimOne(this.#context, this.#held, id, process, options)),
      fn,
      options,
      this.#context,
    )
  }

  /**
   * Locks the first machine that is free of those that `retrieve` returns, in its order of preference.
   * @returns null when it returned none, or when all of them are held or in backoff; unknown ones are passed over
   */
  async startWork(process: string, retrieve: Retrieve<Client>, options?: ClaimOptions): Promise<Work<Client> | null> {
    processName(process)
    this.#assertHolds()
    const claimed = await this.#track(claimMany(this.#context, this.#held, process, retrieve, 1, options))
    return claimed[0] ?? null
  }

  /** Like {@link startWork}, for up to `limit` machines (1 to 1000), in one transaction. */
  async startWorkMany(
    process: string,
    retrieve: Retrieve<Client>,
    options: ClaimOptions & { readonly limit: number },
  ): Promise<Work<Client>[]> {
    processName(process)
    const limit = wholeNumber('limit', options?.limit, 1, 1_000)
    this.#assertHolds()
    return this.#track(claimMany(this.#context, this.#held, process, retrieve, limit, options))
  }

  /**
   * Deletes the session, which releases its work. What still runs through it is rolled back. Twice is harmless. Takes 3 s
   * at most: if the database cannot be reached in that time it rejects, and the row lives on until its deadline.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close('closed'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch((error: unknown) => {
      this.#setting.database.logger.warn('a session could not be deleted; it will expire', {
        session: this.id,
        error: messageOf(error),
      })
    })
  }

  #assertHolds(): void {
    if (this.signal.aborted) throw this.signal.reason
    if (this.#heartbeat.remainingMs() === 0) throw this.#end('deadline')
  }

  #follow(signal: AbortSignal | undefined): void {
    if (signal === undefined) return
    const onAbort = (): void => {
      this.#closing ??= this.#close('caller', signal.reason)
      this.#closing.catch((error: unknown) => {
        this.#setting.database.logger.warn('a session could not be deleted; it will expire', {
          session: this.id,
          error: messageOf(error),
        })
      })
    }
    if (signal.aborted) onAbort()
    else {
      signal.addEventListener('abort', onAbort, { once: true })
      this.signal.addEventListener('abort', () => signal.removeEventListener('abort', onAbort), { once: true })
    }
  }

  /** Ends the session here, once; the first reason stays. */
  #end(reason: LossReason, cause?: unknown): SessionExpiredError {
    if (!this.signal.aborted) {
      const error = new SessionExpiredError(this.id, reason, cause === undefined ? undefined : { cause })
      const { database, onEnded } = this.#setting
      database.metrics.count('bmdb_sessions_ended_total', { reason })
      if (reason === 'deadline' || reason === 'deleted')
        database.logger.warn(error.message, { session: this.id, reason, held: this.#held.size })
      void this.#heartbeat.stop()
      this.#over.abort(error)
      this.#held.sessionEnded(error)
      onEnded()
    }
    return this.signal.reason as SessionExpiredError
  }

  async #close(reason: LossReason, cause?: unknown): Promise<void> {
    const endMs = monotonicMs() + closeMs
    const { reason: ended } = this.#end(reason, cause)
    // A COMMIT under way is waited for, so that what it reports is the truth.
    await Promise.race([Promise.allSettled(this.#running), sleep(1_000, undefined, { background: true })])
    if (ended === 'deleted') return
    const { database } = this.#setting
    // What was sent when the limit comes is waited for a little longer.
    const leftMs = Math.max(1, endMs - answerGraceMs - monotonicMs())
    using limit = new Limit(undefined, leftMs, (ms) => new TransactionTimeoutError('closing the session', ms))
    await runOwn(database, limit, 'closing the session', async (connection) => {
      await endSessions(database, connection, 'any', [this.id], 'the session was closed')
    })
  }

  async #track<T>(promise: Promise<T>): Promise<T> {
    this.#running.add(promise)
    try {
      return await promise
    } finally {
      this.#running.delete(promise)
    }
  }
}
