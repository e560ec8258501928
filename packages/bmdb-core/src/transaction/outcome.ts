import { orAbort, sleep } from '../clock.ts'
import { sqlState } from '../database/database-error.ts'
import type { Database } from '../database/database.ts'
import { Limit } from '../limit.ts'
import { retryDelayMs } from '../retry-delay.ts'
import { serverRun } from './guard.ts'

/** How long BMDB asks what became of a COMMIT whose answer was lost. */
const askMs = 5_000

/** A transaction, for PostgreSQL: its id, and the run of the server in which that is nobody else's. */
export interface TransactionName {
  readonly id: string
  readonly serverRun: string
}

/**
 * Asks PostgreSQL, on another connection, how a transaction ended. While it is still under way, or while no connection
 * can be had, asks again, for a few seconds.
 *
 * If the server has crashed or was restarted since, what it says is less: an id that was committed may be another
 * transaction's, which got it after the crash. One that was aborted, or that it does not know, was not committed: what a
 * server has committed it remembers.
 */
export async function askOutcome(
  database: Database,
  transaction: TransactionName | undefined,
): Promise<'committed' | 'aborted' | 'in progress' | 'unknown'> {
  if (transaction === undefined || database.dialect !== 'postgresql') return 'unknown'
  using limit = new Limit(undefined, askMs, () => new Error('no answer in time'))
  let underWay = false
  for (let attempt = 1; !limit.signal.aborted; attempt++) {
    try {
      const connection = await database.acquireAside(limit)
      try {
        const asked = connection.query<{ status: string | null; run: string }>({
          text: `SELECT pg_xact_status($1::xid8) AS status, ${serverRun} AS run`,
          values: [transaction.id],
        })
        // The connection may be as dead as the one that lost the answer.
        const result = await orAbort(asked, limit.signal)
        const { status, run } = result.rows[0] ?? {}
        if (run !== transaction.serverRun && status !== 'aborted') return 'unknown'
        if (status === 'committed' || status === 'aborted') return status
        underWay = status === 'in progress'
        // Too old to be remembered: no further asking helps.
        if (status === null || status === undefined) return 'unknown'
      } finally {
        connection.release()
      }
    } catch (error) {
      // An id that was never given out, as far as it remembers.
      if (sqlState(error) === '22023') return 'aborted'
      // The database may be away for the moment; that is why the answer was lost in the first place.
    }
    await sleep(retryDelayMs(attempt), limit.signal).catch(() => {})
  }
  return underWay ? 'in progress' : 'unknown'
}
