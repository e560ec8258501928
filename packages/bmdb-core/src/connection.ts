import { v4 as newId } from 'uuid'
import { text, wholeNumber, uuid } from './arguments.ts'
import { BeatLine } from './beat/beat-line.ts'
import { monotonicMs, sleep } from './clock.ts'
import { constraintOf, sqlState } from './database/database-error.ts'
import type { Database } from './database/database.ts'
import { runOwn } from './database/own-statements.ts'
import type { Dialect } from './database/server.ts'
import { ClosedError, TransactionTimeoutError } from './errors.ts'
import type { Explanation } from './fleet/explain.ts'
import { Fleet } from './fleet/fleet.ts'
import { machineHistory, type HistoryOptions, type HistoryRow } from './history.ts'
import { Limit, type WaitOptions } from './limit.ts'
import { Operator } from './operator/operator.ts'
import { declareProcess, type DeclareOptions, type ProcessDeclaration } from './process/declare.ts'
import { Session } from './session.ts'
import { startSession } from './sql/sessions.ts'
import { sweepExpired, type SweepOptions, type SweepResult } from './sweep.ts'
import { WakeUps } from './wake-up.ts'
import { telling, type PrismaClientLike } from './transaction/prisma-seam.ts'

/** How long `close` may take. */
const closeMs = 3_000

/** Options of `connection.startSession`. */
export interface SessionOptions extends WaitOptions {
  /** The lease in whole seconds, 1 to 3600: how long after its last beat others may take over. Default 5. */
  readonly intervalSeconds?: number | undefined
  /** The session's life: its abort closes the session. */
  readonly signal?: AbortSignal | undefined
}

/** What a connection is made of; `bmdb.open` puts it together. */
export interface ConnectionSetting<Client> {
  readonly database: Database
  readonly client: Client
  readonly componentName: string
  readonly runtimeInfo: string
}

/** An open database: where sessions are started. */
export class Connection<Client extends PrismaClientLike = PrismaClientLike> implements AsyncDisposable {
  /** The typed Prisma client, for reads outside sessions. What it writes is not guarded by any session. */
  readonly prisma: Client
  /** Which database it is, found out from the server. */
  readonly dialect: Dialect
  /** What operators look at. */
  readonly fleet: Fleet
  readonly #setting: ConnectionSetting<Client>
  readonly #telling: Client
  readonly #line: BeatLine
  readonly #wakeUps: WakeUps
  readonly #ruledProcesses = new Set<string>()
  readonly #sessions = new Set<Session<Client>>()
  #closing: Promise<void> | undefined

  /** @internal `bmdb.open` makes connections. */
  constructor(setting: ConnectionSetting<Client>) {
    this.prisma = setting.client
    this.dialect = setting.database.dialect
    this.fleet = new Fleet(setting.database, setting.client)
    this.#setting = setting
    this.#telling = telling(setting.client)
    this.#wakeUps = new WakeUps(setting.database)
    this.#line = new BeatLine(setting.database.address, setting.database.server)
  }

  /**
   * Starts a session.
   * @throws InvalidArgumentError, ClosedError, DatabaseUnavailableError, TransactionTimeoutError (10 s unless
   *   `timeoutMs` says otherwise), CommitOutcomeUnknownError (a session that was started after all expires), the signal's
   *   reason
   */
  async startSession(options: SessionOptions = {}): Promise<Session<Client>> {
    const intervalSeconds = wholeNumber('intervalSeconds', options.intervalSeconds ?? 5, 1, 3600)
    this.#assertOpen()
    const { database, componentName, runtimeInfo } = this.#setting
    const id = newId()
    using limit = new Limit(options, 10_000, (ms) => new TransactionTimeoutError('starting the session', ms))
    this.#line.prepare()
    const firstMs = monotonicMs()
    const starting = runOwn(database, limit, 'starting the session', async (connection, { mayHaveRun }) => {
      const sentMs = monotonicMs()
      try {
        await connection.query(startSession({ id, componentName, runtimeInfo, intervalSeconds }))
        return sentMs
      } catch (error) {
        const own = mayHaveRun && sqlState(error) === '23505' && constraintOf(error) === 'sessions_pkey'
        if (!own) throw error
        // The try whose answer was lost had done it, at a time that is not known: trusted from the first one on.
        return firstMs
      }
    })
    const startedMs = await starting.catch((error: unknown) => {
      // Whether a session was started that nobody knows of does not matter to a caller who has gone: it expires.
      throw options.signal?.aborted === true ? options.signal.reason : error
    })
    database.metrics.count('bmdb_sessions_started_total', {})
    const session: Session<Client> = new Session({
      id,
      componentName,
      intervalSeconds,
      startedMs,
      database,
      line: this.#line,
      ruledProcesses: this.#ruledProcesses,
      client: this.#telling,
      signal: options.signal?.aborted === true ? undefined : options.signal,
      onEnded: () => this.#sessions.delete(session),
    })
    this.#sessions.add(session)
    // The answer came after the caller had gone, or after the connection was closed.
    if (options.signal?.aborted === true || this.#closing !== undefined) {
      await session[Symbol.asyncDispose]()
      options.signal?.throwIfAborted()
      this.#assertOpen()
    }
    return session
  }

  /** Removes expired sessions and their work, in small batches; what a collector calls every few seconds. */
  async sweep(options?: SweepOptions): Promise<SweepResult> {
    this.#assertOpen()
    return sweepExpired(this.#setting.database, options)
  }

  /** What happened to work on a machine, newest first. */
  async history(machineId: string, options?: HistoryOptions): Promise<HistoryRow[]> {
    this.#assertOpen()
    return machineHistory(this.#setting.database, uuid('machineId', machineId), options)
  }

  /**
   * What an operator does; see {@link Operator}.
   * @param name - who acts, 1 to 128 characters: kept in the history
   */
  operator(name: string): Operator {
    this.#assertOpen()
    return new Operator({ database: this.#setting.database, operator: text('operator', name, 128) })
  }

  /**
   * Says what binds every claim of a process: conflicts, and limits of failure domains. The same again changes nothing.
   * @throws InvalidArgumentError; ProcessDeclarationError where it was declared otherwise, unless `replace` is given;
   *   TransactionTimeoutError (30 s unless told otherwise)
   */
  async declareProcess(declaration: ProcessDeclaration, options?: DeclareOptions): Promise<void> {
    this.#assertOpen()
    await declareProcess(this.#setting.database, this.#setting.componentName, declaration, options)
  }

  /** Why a process may or may not begin on a machine now; the same as `fleet.explain`. */
  async explain(machineId: string, process: string, options?: WaitOptions): Promise<Explanation> {
    this.#assertOpen()
    return this.fleet.explain(machineId, process, options)
  }

  /**
   * Calls `listener` when there may be something to claim: only ever a hint, which may be lost or come for nothing. On
   * CockroachDB it is never called.
   * @returns what ends that; twice is harmless
   */
  onWakeUp(listener: () => void): () => void {
    this.#assertOpen()
    return this.#wakeUps.listen(listener)
  }

  /** Tells everybody's `onWakeUp` that there may be something to claim, such as a new machine. Never throws or waits. */
  wakeUp(): void {
    this.#wakeUps.send()
  }

  /** Closes its sessions, then its connections. Twice is harmless. Takes 3 s at most. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    const endMs = monotonicMs() + closeMs
    await Promise.all([...this.#sessions].map((session) => session[Symbol.asyncDispose]()))
    this.#line.close()
    this.#wakeUps.close()
    const ended = (async () => {
      await this.prisma.$disconnect()
      await this.#setting.database.close()
    })()
    ended.catch(() => {})
    const enough = new AbortController()
    await Promise.race([ended, sleep(endMs - monotonicMs(), enough.signal).catch(() => {})]).finally(() =>
      enough.abort(),
    )
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new ClosedError('the connection was closed')
  }
}
