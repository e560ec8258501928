import { v4 as newId } from 'uuid'
import { runOwn } from '../database/own-statements.ts'
import type { ServerConnection, Statement } from '../database/server-connection.ts'
import { TransactionTimeoutError, type BMDBError, type LossReason } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import type { SessionContext } from '../session/session-context.ts'
import { guardWork, lookAfterEnd, type EndRow, type WorkKey } from '../sql/end-work.ts'
import { AlreadyCommittedError, type Guard } from '../transaction/guard.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'
import type { FinishTogether } from './finish-together.ts'

/** What the row's work knows of itself. */
interface HeldState {
  /** Aborts when the work is lost for good. */
  readonly signal: AbortSignal
  held(): boolean
  /** The database showed that it is gone: returns the error that says so. */
  lose(reason: LossReason | BMDBError): BMDBError
  /** @throws WorkEndedError while an end is under way */
  assertNotEnding(): void
}

/** The row of a piece of work: how transactions are guarded by it, and how one statement ends it. */
export class WorkRow<Client extends PrismaClientLike> {
  readonly key: WorkKey
  readonly #session: SessionContext<Client>
  readonly #state: HeldState

  constructor(
    session: SessionContext<Client>,
    claimed: { readonly machineId: string; readonly process: string; readonly token: bigint },
    state: HeldState,
  ) {
    const { machineId, process, token } = claimed
    this.key = { machineId, process, sessionId: session.id, token }
    this.#session = session
    this.#state = state
  }

  /** @param historyId - the mark of the end that the statement belongs to, if it does to one */
  guard(statement: Statement, historyId?: string): Guard {
    return {
      statement,
      // It waits for others that got past it before it writes the row as well.
      settling: guardWork(this.#session.database.dialect, this.key),
      check: async (rows, connection) => {
        if ((rows as EndRow[])[0]?.ended === true) return
        // It began before the end that deleted the row: no loss, or one that the end itself will find.
        if (historyId === undefined) this.#state.assertNotEnding()
        const found = await this.#look(connection, historyId ?? newId())
        if (found === 'marked') throw new AlreadyCommittedError('an earlier attempt was committed')
        throw found
      },
    }
  }

  /** Ends the work by one statement, or by one for all that end together. */
  async end(
    end: string,
    statement: Statement,
    historyId: string,
    options: WaitOptions | undefined,
    others?: FinishTogether<Client>,
  ): Promise<void> {
    const what = `${end} of ${this.key.process}`
    using limit = this.#limit(what, options)
    const together = others === undefined ? 'alone' : await others.finish({ work: this.key, historyId }, limit)
    if (together === 'ended') return
    const send = async (connection: ServerConnection): Promise<void> => {
      const result = await connection.query<EndRow & { [column: string]: unknown }>(statement)
      if (result.rows[0]?.ended === true) return
      // The mark is this call's own: an earlier try, whose answer was lost, had done it.
      const found = await this.#look(connection, historyId)
      if (found !== 'marked') throw found
    }
    await runOwn(this.#session.database, limit, what, send, together === 'unsure')
  }

  /** Stores a report of progress. */
  async report(statement: Statement, options: WaitOptions | undefined): Promise<void> {
    const what = `progress of ${this.key.process}`
    using limit = this.#limit(what, options)
    await runOwn(this.#session.database, limit, what, async (connection) => {
      const { rowCount } = await connection.query(statement)
      // None: it is gone, or it was ended meanwhile, which is for the end to say.
      if (rowCount === 0 && this.#state.held()) throw await this.#look(connection, newId())
    })
  }

  #limit(what: string, options: WaitOptions | undefined): Limit {
    const signals = [this.#session.signal, this.#state.signal]
    return new Limit(options, 30_000, (ms) => new TransactionTimeoutError(what, ms), signals)
  }

  /** The row was not there: was it this very end, under its mark; or is the session gone, or the work alone? */
  async #look(connection: ServerConnection, historyId: string): Promise<'marked' | BMDBError> {
    const { rows } = await connection.query<{ marked: boolean; alive: boolean }>(
      lookAfterEnd(this.#session.id, historyId),
    )
    if (rows[0]?.marked === true) return 'marked'
    return rows[0]?.alive === true ? this.#state.lose('deleted') : this.#state.lose(this.#session.foundGone())
  }
}
