import { uuid, wholeNumber } from './arguments.ts'
import type { Database } from './database/database.ts'
import { readOwn } from './database/own-statements.ts'
import { TransactionTimeoutError } from './errors.ts'
import { Limit, type WaitOptions } from './limit.ts'
import { readHistory, type HistoryDatabaseRow } from './sql/history.ts'

/** What happened to work. `Released`: an operator ended it, or asked for it. */
export type HistoryEvent =
  'Started' | 'Finished' | 'Failed' | 'Snoozed' | 'Parked' | 'Canceled' | 'Expired' | 'Released'

/** One thing that happened to work on a machine, written in the transaction that did it. Survives `JSON.stringify`. */
export interface HistoryRow {
  readonly id: string
  readonly machineId: string
  readonly process: string
  readonly event: HistoryEvent
  /** When, by the database's clock. */
  readonly timestamp: Date
  readonly sessionId: string
  readonly componentName: string
  readonly token: bigint
  /** Why it failed, or was ended by somebody else; null where there is nothing to say. */
  readonly failedCause: string | null
  toJSON(): Record<string, unknown>
}

/** Options of `connection.history`. */
export interface HistoryOptions extends WaitOptions {
  /** How many rows, 1 to 10 000. Default 100. */
  readonly limit?: number | undefined
  /** Only rows older than the one with this id. */
  readonly before?: string | undefined
}

/** A machine's history, newest first. A machine that has none, or does not exist, has an empty one. */
export async function machineHistory(
  database: Database,
  machineId: string,
  options: HistoryOptions = {},
): Promise<HistoryRow[]> {
  const id = uuid('machineId', machineId)
  const count = wholeNumber('limit', options.limit ?? 100, 1, 10_000)
  const before = options.before === undefined ? undefined : uuid('before', options.before)
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError('reading the history', ms))
  const result = await readOwn(database, limit, 'reading the history', (connection) =>
    connection.query<HistoryDatabaseRow & { [column: string]: unknown }>(readHistory(id, count, before)),
  )
  return result.rows.map(shown)
}

function shown(row: HistoryDatabaseRow): HistoryRow {
  const fields = {
    id: row.id,
    machineId: row.machine_id,
    process: row.process,
    event: row.event as HistoryEvent,
    timestamp: row.timestamp,
    sessionId: row.session_id,
    componentName: row.component_name,
    token: BigInt(row.token),
    failedCause: row.failed_cause,
  }
  // Not enumerable, so that rows compare and print as what they hold.
  return Object.defineProperty(fields, 'toJSON', { value: () => ({ ...fields, token: row.token }) }) as HistoryRow
}
