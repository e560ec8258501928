import type { QueryResult } from 'pg'
import { sqlState } from '../database/database-error.ts'
import type { Database } from '../database/database.ts'
import { messageOf } from '../errors.ts'
import { inOneTransaction, refusalOf } from '../database/own-statements.ts'
import type { ServerConnection, Statement } from '../database/server-connection.ts'
import {
  byIndexes,
  deleteSessions,
  endFrozenConnections,
  endWorkOfSessions,
  expiredHolders,
  lockSessions,
  type Ending,
} from '../sql/end-sessions.ts'

/** How long a lock of a session that may be ended is waited for, before its holder's connection is ended. */
const lockWaitMs = 300

const events = { expired: 'Expired', any: 'Canceled' } as const
const sessionEnds = { Expired: 'Expired', Canceled: 'Closed', Released: 'Released' } as const

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
  const event = also.event ?? events[ending]
  try {
    const results = await inOneTransaction(connection, database.dialect, [
      { text: `SET LOCAL lock_timeout = ${lockWaitMs}` },
      ...byIndexes(database.dialect),
      ...before,
      lockSessions(ending, sessionIds),
      endWorkOfSessions(ending, sessionIds, event, reason),
      deleteSessions(ending, sessionIds, sessionEnds[event], reason),
      ...after,
    ])
    const [work, sessions, ...others] = results.slice(results.length - after.length - 2)
    return { work: work?.rowCount ?? 0, sessions: sessions?.rowCount ?? 0, after: others }
  } catch (error) {
    if (isLockTimeout(error)) await endFrozen(database, connection, ending, sessionIds)
    throw error
  }
}

/** Whether a transaction of BMDB's own was refused because it waited too long for a lock. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(refusalOf(error)) === '55P03'
}

/** Ends the connections of programs that are frozen inside transactions, of expired sessions with work on these machines. */
export async function freeFrozen(
  database: Database,
  connection: ServerConnection,
  machineIds: readonly string[],
): Promise<void> {
  if (database.dialect !== 'postgresql') return
  const { rows } = await connection.query<{ session_id: string }>(expiredHolders(machineIds))
  const sessionIds = rows.map((row) => row.session_id)
  if (sessionIds.length > 0) await endFrozen(database, connection, 'expired', sessionIds)
}

async function endFrozen(
  database: Database,
  connection: ServerConnection,
  ending: Ending,
  sessionIds: readonly string[],
): Promise<void> {
  if (database.dialect !== 'postgresql') return
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
