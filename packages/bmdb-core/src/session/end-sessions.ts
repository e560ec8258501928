import type { QueryResult } from 'pg'
import { sqlState } from '../database/database-error.ts'
import type { Database } from '../database/database.ts'
import { messageOf } from '../errors.ts'
import { inOneTransaction } from '../database/own-statements.ts'
import type { ServerConnection, Statement } from '../database/server-connection.ts'
import {
  byIndexes,
  deleteSessions,
  endFrozenConnections,
  endWorkOfSessions,
  lockSessions,
  type Ending,
} from '../sql/end-sessions.ts'

/** How long a lock of a session that may be ended is waited for, before its holder's connection is ended. */
const lockWaitMs = 300

const events = { expired: 'Expired', any: 'Canceled' } as const

/** What else is done in the transaction that ends sessions. */
interface Also {
  readonly before?: readonly Statement[]
  readonly after?: readonly Statement[]
  /** What the history says of their work. Default: `Expired`, or `Canceled` for sessions that had not expired. */
  readonly event?: 'Released'
}

/**
 * Ends sessions that may be ended, and does what else is asked for, in one transaction and one round trip. Where a program that
 * was frozen inside a guarded transaction holds their locks, its connection is ended first, and the error comes out as
 * one to be tried again.
 *
 * @returns what the statements after it returned, with the numbers of sessions and of work that were ended
 */
export async function endSessions(
  database: Database,
  connection: ServerConnection,
  ending: Ending,
  sessionIds: readonly string[],
  reason: string,
  also: Also = {},
): Promise<{ sessions: number; work: number; after: readonly QueryResult[] }> {
  const { before = [], after = [] } = also
  try {
    const results = await inOneTransaction(connection, database.dialect, [
      { text: `SET LOCAL lock_timeout = ${lockWaitMs}` },
      ...byIndexes(database.dialect),
      ...before,
      lockSessions(ending, sessionIds),
      endWorkOfSessions(ending, sessionIds, also.event ?? events[ending], reason),
      deleteSessions(ending, sessionIds),
      ...after,
    ])
    const [work, sessions, ...others] = results.slice(results.length - after.length - 2)
    return { work: work?.rowCount ?? 0, sessions: sessions?.rowCount ?? 0, after: others }
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (sqlState(cause) === '55P03' && database.dialect === 'postgresql') {
      const ended = await connection.query(endFrozenConnections(ending, sessionIds)).catch((refusal: unknown) => {
        database.logger.warn('connections that are frozen inside transactions could not be ended', {
          sessions: sessionIds,
          error: messageOf(refusal),
        })
        return { rowCount: 0 }
      })
      if ((ended.rowCount ?? 0) > 0)
        database.logger.warn('ended connections that were frozen inside transactions of sessions that are over', {
          connections: ended.rowCount,
          sessions: sessionIds,
        })
    }
    throw error
  }
}
