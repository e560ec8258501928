import type { QueryResult } from 'pg'
import { after } from '../clock.ts'
import { ConnectionGivenUpError, sqlState } from '../database/database-error.ts'
import type { Database } from '../database/database.ts'
import type { ServerConnection, Statement } from '../database/server-connection.ts'
import { BMDBError, InvalidArgumentError } from '../errors.ts'
import { longestTimeoutMs } from '../limit.ts'
import { serverRunColumn, transactionIdColumn, type Guard } from './guard.ts'
import type { TransactionName } from './outcome.ts'

/** How long the answer to COMMIT is awaited before BMDB asks elsewhere what became of it. */
const commitAnswerMs = 5_000

/**
 * The server is told the call's limit too, with this much more: it ends what the program no longer can, and nothing that
 * the program ends itself.
 */
const serverGraceMs = 1_000

/**
 * One attempt at a transaction, from the first connection to its end.
 *
 *     waiting ──start──▶ starting ──begun──▶ running ──COMMIT sent──▶ committing ──▶ committed
 *        │                  │                   │                        ├──────────▶ rolledBack
 *        └──────────────────┴────── failure, ───┴──▶ rolledBack          └──────────▶ unknown
 *                                  giveUp()
 *
 * Once COMMIT was sent only the database's answer moves it on: neither a time limit nor an abort nor the loss of the
 * session changes what is reported. (Of one that only reads the answer does not matter: it may be given up even then.)
 */
export type AttemptState = 'waiting' | 'starting' | 'running' | 'committing' | 'committed' | 'rolledBack' | 'unknown'

/** What an attempt runs with. */
export interface AttemptSetting {
  readonly database: Database
  readonly guard: Guard | undefined
  /** The function may only read: nothing depends on whether it is committed. Default false. */
  readonly readOnly?: boolean | undefined
}

/** An attempt's place between Prisma and the server: every statement of the transaction passes through `query`. */
export class Attempt {
  #state: AttemptState = 'waiting'
  #connection: ServerConnection | undefined
  #failure: { error: unknown; broken: boolean } | undefined
  #seenByCaller: unknown
  #transaction: TransactionName | undefined
  #functionEnded = false
  #began = false
  readonly #gone = new AbortController()
  readonly #database: Database
  readonly #guard: Guard | undefined
  readonly #readOnly: boolean
  readonly #remainingMs: () => number

  /** @param remainingMs - what is left of the call's limit; the server enforces it where the program no longer can */
  constructor(setting: AttemptSetting, remainingMs: () => number) {
    this.#database = setting.database
    this.#guard = setting.guard
    this.#readOnly = setting.readOnly === true
    this.#remainingMs = remainingMs
  }

  get state(): AttemptState {
    return this.#state
  }

  /** True once BEGIN and the guard succeeded. */
  get began(): boolean {
    return this.#began
  }

  /** What went wrong first, as the server or the driver reported it, and whether the connection was lost then. */
  get failure(): { readonly error: unknown; readonly broken: boolean } | undefined {
    return this.#failure
  }

  /** The same as Prisma showed it to the caller's function, where it came that far. */
  get failureSeen(): unknown {
    return this.#seenByCaller ?? this.#failure?.error
  }

  /** What PostgreSQL can be asked by how the transaction ended, where the guard returned it. */
  get transaction(): TransactionName | undefined {
    return this.#transaction
  }

  /** Called by the seam for each error that Prisma hands to the caller's function. */
  noteSeen(error: unknown): void {
    if (this.#failure !== undefined) this.#seenByCaller ??= error
  }

  /** Called when the caller's function has returned or thrown: from then on COMMIT and ROLLBACK are Prisma's. */
  functionEnded(): void {
    this.#functionEnded = true
  }

  /** Takes a connection and sends BEGIN and the guard in one round trip. */
  async start(): Promise<void> {
    if (this.#state !== 'waiting') throw new ConnectionGivenUpError()
    this.#state = 'starting'
    try {
      const connection = await this.#database.acquire({ signal: this.#gone.signal })
      this.#connection = connection
      const begun = connection.query({ text: beginWithin(this.#remainingMs() + serverGraceMs, this.#readOnly) })
      const guarded = this.#guard === undefined ? undefined : connection.query(this.#guard.statement)
      const [begin, guard] = await Promise.allSettled([begun, guarded])
      if (begin.status === 'rejected') throw begin.reason
      if (guard.status === 'rejected') throw guard.reason
      if (this.#guard !== undefined && guard.value !== undefined) {
        const rows = guard.value.rows as Record<string, unknown>[]
        await this.#guard.check(rows, connection)
        const { [transactionIdColumn]: id, [serverRunColumn]: run } = rows[0] ?? {}
        if (typeof id === 'string' && typeof run === 'string') this.#transaction = { id, serverRun: run }
      }
      if (this.#gone.signal.aborted) throw this.#gone.signal.reason
      this.#began = true
      this.#state = 'running'
    } catch (error) {
      this.#fail(error)
      this.#end('rolledBack')
      throw error
    }
  }

  /** Runs one statement of the transaction, COMMIT and ROLLBACK included. */
  async query(statement: Statement): Promise<QueryResult> {
    const word = statement.text.trim().toUpperCase()
    if (word === 'BEGIN') return noRows
    if (word === 'COMMIT') return this.#commit()
    if (word === 'ROLLBACK') return this.#rollback()
    if (this.#state !== 'running') throw new ConnectionGivenUpError(this.#failure?.error)
    if (endsTransaction.test(word)) throw this.#notTheFunctions()
    const undoing = word.startsWith('ROLLBACK TO SAVEPOINT')
    // The server has given the transaction up; what is sent now would only be told so.
    if (this.#failure !== undefined && !undoing) throw this.#failure.error
    const connection = this.#connection!
    try {
      const result = await connection.query(statement)
      // One of several statements in a text ended the transaction: what is done is done, but it is no success.
      if (!connection.inTransaction) throw this.#notTheFunctions()
      if (undoing && !this.#isConflict()) this.#failure = this.#seenByCaller = undefined
      return result as QueryResult
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  /**
   * Ends the attempt from outside, unless COMMIT of something was sent: its connection is closed at once, whatever it is doing, and
   * nothing more can run in the transaction.
   * @returns false when it was, so that the answer must be awaited
   */
  giveUp(reason: unknown): boolean {
    if (this.#state === 'unknown' || this.#state === 'committed') return false
    if (this.#state === 'committing' && !this.#readOnly) return false
    this.#gone.abort(reason)
    this.#failure ??= { error: new ConnectionGivenUpError(reason), broken: true }
    this.#connection?.destroy()
    this.#state = 'rolledBack'
    return true
  }

  /** Gives the connection back; for Prisma, after COMMIT or ROLLBACK. Twice is harmless. */
  release(): void {
    this.#connection?.release()
  }

  async #commit(): Promise<QueryResult> {
    if (!this.#functionEnded) throw this.#notTheFunctions()
    if (this.#state !== 'running') throw new ConnectionGivenUpError(this.#failure?.error)
    const connection = this.#connection!
    if (this.#failure === undefined && connection.busy)
      this.#fail(new InvalidArgumentError('the function returned while a statement was running: await every query'))
    if (this.#failure !== undefined) {
      // A server answers COMMIT of a failed transaction with ROLLBACK and no error; nobody may take that for success.
      const error = this.#failure.error
      await this.#rollback()
      throw error
    }
    if (connection.broken) {
      this.#fail(new ConnectionGivenUpError())
      this.#end('rolledBack')
      throw this.#failure!.error
    }
    this.#state = 'committing'
    const timer = after(commitAnswerMs, () => connection.destroy())
    try {
      // A time limit that strikes at COMMIT would leave its outcome open (on CockroachDB even where it succeeded).
      const [unlimited, committed] = await Promise.allSettled([
        connection.query({ text: 'SET LOCAL statement_timeout = 0' }),
        connection.query({ text: 'COMMIT' }),
      ])
      if (committed.status === 'rejected') throw committed.reason
      const result = committed.value
      if (result.command !== 'COMMIT') {
        if (unlimited.status === 'rejected') this.#fail(unlimited.reason)
        this.#fail(new Error(`the server answered COMMIT with ${result.command}: a statement had failed unnoticed`))
        this.#end('rolledBack')
        throw this.#failure!.error
      }
      this.#end('committed')
      return result as QueryResult
    } catch (error) {
      if (this.#state === 'committing') {
        this.#fail(error)
        this.#end('unknown')
      }
      throw error
    } finally {
      timer.cancel()
    }
  }

  async #rollback(): Promise<QueryResult> {
    if (this.#state !== 'running') return noRows
    if (!this.#functionEnded) throw this.#notTheFunctions()
    this.#state = 'rolledBack'
    const connection = this.#connection!
    // A statement under way would be rolled back with the rest, but it may run for long: nobody waits for it.
    if (connection.broken || connection.busy) {
      connection.destroy()
      return noRows
    }
    try {
      return await connection.query({ text: 'ROLLBACK' })
    } catch {
      connection.destroy()
      return noRows
    }
  }

  /** The caller's function tried to end the transaction itself. What it wrote so far is not committed by transact. */
  #notTheFunctions(): InvalidArgumentError {
    const error = new InvalidArgumentError(
      'COMMIT and ROLLBACK are not the function’s to send: return to commit, throw to roll back',
    )
    this.#fail(error)
    return error
  }

  #isConflict(): boolean {
    const state = sqlState(this.#failure?.error)
    return state === '40001' || state === '40P01' || state === 'CR000'
  }

  #fail(error: unknown): void {
    this.#failure ??= { error, broken: this.#connection?.broken ?? !(error instanceof BMDBError) }
  }

  #end(state: 'committed' | 'rolledBack' | 'unknown'): void {
    if (this.#state !== 'rolledBack') this.#state = state
    if (state === 'committed') this.#connection?.release()
    else this.#connection?.destroy()
  }
}

/** Statements that end a transaction, after blanks and comments; ROLLBACK TO SAVEPOINT does not. */
const endsTransaction =
  /^(?:\s|--.*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:COMMIT|END|ABORT|PREPARE\s+TRANSACTION|ROLLBACK(?!\s+(?:WORK\s+|TRANSACTION\s+)?TO\b))\b/

/** BEGIN, and for the length of the transaction the server's own limits, as one message. */
function beginWithin(limitMs: number, readOnly: boolean): string {
  const ms = Math.min(longestTimeoutMs, Math.ceil(limitMs))
  return `BEGIN ISOLATION LEVEL SERIALIZABLE${readOnly ? ' READ ONLY' : ''}; SET LOCAL statement_timeout = ${ms}; SET LOCAL idle_in_transaction_session_timeout = ${ms}`
}

const noRows = { command: '', rowCount: 0, oid: 0, fields: [], rows: [] } as unknown as QueryResult
