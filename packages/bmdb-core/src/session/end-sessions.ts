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

/**
 * Ends sessions that may be ended, and then does `more`, in one transaction and one round trip. Where a program that
 * was frozen inside a guarded transaction holds their locks, its connection is ended first, and the error comes out as
 * one to be tried again.
 *
 * @returns what `more` returned, with the numbers of sessions and of work that were ended
 */
export async function endSessions(
  database: Database,
  connection: ServerConnection,
  ending: Ending,
  sessionIds: readonly string[],
  reason: string,
  more: readonly Statement[] = [],
): Promise<{ sessions: number; work: number; more: readonly QueryResult[] }> {
  const event = ending === 'expired' ? 'Expired' : 'Canceled'
  try {
    const results = await inOneTransaction(connection, database.dialect, [
      { text: `SET LOCAL lock_timeout = ${lockWaitMs}` },
      ...byIndexes(database.dialect),
      lockSessions(ending, sessionIds),
      endWorkOfSessions(ending, sessionIds, event, reason),
      deleteSessions(ending, sessionIds),
      ...more,
    ])
    const [work, sessions, ...others] = results.slice(results.length - more.length - 2)
    return { work: work?.rowCount ?? 0, sessions: sessions?.rowCount ?? 0, more: others }
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
