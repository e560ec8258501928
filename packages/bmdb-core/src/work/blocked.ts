import type { QueryResultRow } from 'pg'
import type { Database } from '../database/database.ts'
import { readOwn } from '../database/own-statements.ts'
import { WorkBlockedError, type BlockedFact, type BlockedState } from '../errors.ts'
import type { Limit } from '../limit.ts'
import { explainRow, type ExplainRow } from '../sql/explain.ts'

/** The error for a claim that was refused: who said so and why is asked only now. */
export async function blocked(
  database: Database,
  limit: Limit,
  machineId: string,
  process: string,
  state: BlockedState,
): Promise<WorkBlockedError> {
  const row = await readOwn(database, limit, 'explaining a refusal', async (connection) => {
    const { rows } = await connection.query<ExplainRow & QueryResultRow>(explainRow(machineId, process))
    return rows[0]!
  })
  return new WorkBlockedError(machineId, process, state, blockedFact(row, state))
}

/** What there is to say of each state, in words; also where it is not in force. */
export function blockedFact(row: ExplainRow, state: BlockedState): BlockedFact {
  switch (state) {
    case 'retired':
      return row.retired_at === null
        ? { fact: 'it is not retired' }
        : { fact: `it was retired at ${at(row.retired_at)}`, since: row.retired_at }
    case 'locked out':
      return lockOutFact(row)
    case 'paused':
      return row.paused_at === null
        ? { fact: 'the process is not paused' }
        : {
            fact: `the process was paused by ${row.paused_by} at ${at(row.paused_at)}: ${row.paused_reason}`,
            by: row.paused_by ?? undefined,
            since: row.paused_at,
          }
    case 'parked':
      return row.parked_at === null
        ? { fact: 'it is not parked' }
        : {
            fact: `it was parked by ${row.parked_by} at ${at(row.parked_at)}: ${row.parked_reason}${lastCause(row)}`,
            by: row.parked_by ?? undefined,
            since: row.parked_at,
          }
    case 'failure domain':
      return { fact: domainsFact(row) }
  }
}

/** Where failures led to it, the last of them. */
function lastCause({ attempts, backoff_cause: cause, parked_reason: reason }: ExplainRow): string {
  return attempts === null || attempts === '0' || cause === reason ? '' : `; the last cause: ${cause}`
}

function lockOutFact(row: ExplainRow): BlockedFact {
  const { locked_out_at: since, locked_out_until: until } = row
  if (since === null) return { fact: 'it is not locked out' }
  const end = until === null ? 'until an operator ends it' : `until ${at(until)}`
  return {
    fact: `it was locked out by ${row.locked_out_by} at ${at(since)}, ${end}: ${row.lock_out_reason}`,
    by: row.locked_out_by ?? undefined,
    since,
    until: until ?? undefined,
  }
}

function domainsFact({ domains }: ExplainRow): string {
  if (domains.length === 0) return 'no limit of a failure domain applies'
  return domains.map(({ kind, domain, held, maximum }) => `${kind} ${domain}: ${held} of ${maximum} held`).join('; ')
}

function at(time: Date): string {
  return time.toISOString()
}
