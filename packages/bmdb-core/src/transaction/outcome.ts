import { orAbort, sleep } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { Limit } from '../limit.ts'
import { retryDelayMs } from '../retry-delay.ts'

/** How long BMDB asks what became of a COMMIT whose answer was lost. */
const askMs = 5_000

/**
 * Asks PostgreSQL, on another connection, how the transaction with this id ended. While it is still under way, or while
 * no connection can be had, asks again, for a few seconds.
 */
export async function askOutcome(
  database: Database,
  transactionId: string | undefined,
): Promise<'committed' | 'aborted' | 'in progress' | 'unknown'> {
  if (transactionId === undefined || database.dialect !== 'postgresql') return 'unknown'
  using limit = new Limit(undefined, askMs, () => new Error('no answer in time'))
  let underWay = false
  for (let attempt = 1; !limit.signal.aborted; attempt++) {
    try {
      const connection = await database.acquire(limit)
      try {
        const asked = connection.query<{ status: string | null }>({
          text: 'SELECT pg_xact_status($1::xid8) AS status',
          values: [transactionId],
        })
        // The connection may be as dead as the one that lost the answer.
        const result = await orAbort(asked, limit.signal)
        const status = result.rows[0]?.status
        if (status === 'committed' || status === 'aborted') return status
        underWay = status === 'in progress'
        // Too old to be remembered: no further asking helps.
        if (status === null || status === undefined) return 'unknown'
      } finally {
        connection.release()
      }
    } catch {
      // The database may be away for the moment; that is why the answer was lost in the first place.
    }
    await sleep(retryDelayMs(attempt), limit.signal).catch(() => {})
  }
  return underWay ? 'in progress' : 'unknown'
}
