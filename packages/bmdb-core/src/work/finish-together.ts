import { answerGraceMs, inOneTransaction, runOwn } from '../database/own-statements.ts'
import { orAbort, sleep } from '../clock.ts'
import { CommitOutcomeUnknownError, TransactionTimeoutError } from '../errors.ts'
import { Limit } from '../limit.ts'
import type { SessionContext } from '../session/session-context.ts'
import { byIndexes } from '../sql/end-sessions.ts'
import { finishManyWorks, type MarkedEnd } from '../sql/end-work.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'

/** The most that one statement ends. */
const mostAtOnce = 1_000
/** How long the statement for all may take, before each goes by itself. */
const togetherMs = 10_000

/**
 * What became of a finish that went together with others:
 * - `ended`: it is done;
 * - `alone`: it was not done, and is to be done by a statement of its own;
 * - `unsure`: the same, but it may be done by then: its answer was lost, or not awaited.
 */
export type Together = 'ended' | 'alone' | 'unsure'

interface Waiting extends MarkedEnd {
  readonly limit: Limit
  readonly settle: (result: Together) => void
  /** Whether a statement that ends it may have reached the database. */
  sent: boolean
}

/**
 * The finishes of one session that are called in the same turn, such as `Promise.all(works.map((work) => work.finish()))`,
 * go to the database in one statement. It is a first try and no more: whatever it leaves undone, or fails with, each
 * finish then does for itself, under the same mark, and so at most once.
 */
export class FinishTogether<Client extends PrismaClientLike> {
  readonly #session: SessionContext<Client>
  #waiting: Waiting[] = []

  constructor(session: SessionContext<Client>) {
    this.#session = session
  }

  /** @param limit - the call's own; when it ends the others go on */
  async finish(end: MarkedEnd, limit: Limit): Promise<Together> {
    let waiting!: Waiting
    const result = new Promise<Together>((settle) => (waiting = { ...end, limit, settle, sent: false }))
    this.#waiting.push(waiting)
    if (this.#waiting.length === 1) queueMicrotask(() => this.#flush())
    if (this.#waiting.length === mostAtOnce) this.#flush()
    try {
      return await orAbort(result, limit.signal)
    } catch {
      if (!waiting.sent) return 'alone'
      const lost = sleep(answerGraceMs, undefined, { background: true }).then((): Together => 'unsure')
      return Promise.race([result, lost])
    }
  }

  #flush(): void {
    const together = this.#waiting
    this.#waiting = []
    if (together.length === 1) together[0]!.settle('alone')
    if (together.length > 1) void this.#send(together)
  }

  async #send(together: readonly Waiting[]): Promise<void> {
    const { database, componentName, signal } = this.#session
    const what = `finish of ${together.length} pieces of work`
    using limit = new Limit(undefined, togetherMs, (ms) => new TransactionTimeoutError(what, ms), [signal])
    let done = new Set<string>()
    let earlierLost = false
    try {
      await runOwn(database, limit, what, async (connection, { mayHaveRun }) => {
        earlierLost = mayHaveRun
        // Whoever gave up before it was sent was told that nothing was done.
        const wanted = together.filter((end) => end.sent || !end.limit.signal.aborted)
        for (const end of wanted) end.sent = true
        const statement = finishManyWorks(database.dialect, wanted, componentName)
        const byIndex = byIndexes(database.dialect)
        const results = await inOneTransaction(connection, database.dialect, [...byIndex, statement])
        const rows = results.at(-1)!.rows as { work_history_id: string }[]
        done = new Set(rows.map((row) => row.work_history_id))
      })
    } catch (error) {
      earlierLost = error instanceof CommitOutcomeUnknownError
    }
    const undone = (end: Waiting): Together => (earlierLost ? unfinished(end) : 'alone')
    for (const end of together) end.settle(done.has(end.historyId) ? 'ended' : undone(end))
  }
}

/** Of an end that the statement is not known to have done. */
function unfinished(end: Waiting): Together {
  return end.sent ? 'unsure' : 'alone'
}
