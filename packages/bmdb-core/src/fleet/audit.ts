import type { QueryResultRow } from 'pg'
import { wholeNumber } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import { readOwn } from '../database/own-statements.ts'
import { TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'

/** Something in the history that must not be. */
export interface AuditFinding {
  readonly problem:
    | 'two starts under one token'
    | 'two ends under one token'
    | 'an end without a start'
    | 'an end before its start'
    | 'a start that did not end before the next one'
    | 'a start after one with a greater token'
    | 'an end by another session than its start'
  readonly machineId: string
  readonly process: string
  readonly token: string
}

/** What `fleet.audit` found. */
export interface Audit {
  /** History rows that were looked at. */
  readonly rows: number
  readonly findings: readonly AuditFinding[]
}

/** Options of `fleet.audit`. */
export interface AuditOptions extends WaitOptions {
  /** How many findings at most, 1 to 10 000. Default 100. */
  readonly limit?: number | undefined
  /** Default: ten minutes. */
  readonly timeoutMs?: number | undefined
}

/**
 * Judges the whole history: of each (machine, process) every token has one start and at most one end, by the same session;
 * one hold ends before the next one begins; and tokens only grow with time.
 */
export async function audit(database: Database, options: AuditOptions = {}): Promise<Audit> {
  const most = wholeNumber('limit', options.limit ?? 100, 1, 10_000)
  using limit = new Limit(options, 600_000, (ms) => new TransactionTimeoutError('the audit', ms))
  return await readOwn(database, limit, 'the audit', async (connection) => {
    const counted = await connection.query<{ rows: string }>({
      text: 'SELECT count(*)::text AS rows FROM work_history',
    })
    const { rows } = await connection.query<AuditFinding & QueryResultRow>({ text: auditText, values: [most] })
    return { rows: Number(counted.rows[0]!.rows), findings: rows }
  })
}

const auditText = `
  WITH hold AS (
    SELECT machine_id, process, work_token,
           count(*) FILTER (WHERE event = 'Started') AS starts,
           count(*) FILTER (WHERE event <> 'Started') AS ends,
           min("timestamp") FILTER (WHERE event = 'Started') AS started_at,
           max("timestamp") FILTER (WHERE event <> 'Started') AS ended_at,
           count(DISTINCT session_id) AS sessions
    FROM work_history GROUP BY machine_id, process, work_token
  ), following AS (
    SELECT *, lead(started_at) OVER w AS next_started_at, lead(starts) OVER w AS next_starts
    FROM hold WINDOW w AS (PARTITION BY machine_id, process ORDER BY work_token)
  ), found AS (
    SELECT machine_id, process, work_token,
           CASE WHEN starts > 1 THEN 'two starts under one token'
                WHEN ends > 1 THEN 'two ends under one token'
                WHEN starts = 0 THEN 'an end without a start'
                WHEN ended_at < started_at THEN 'an end before its start'
                WHEN sessions > 1 THEN 'an end by another session than its start'
                WHEN next_started_at < started_at THEN 'a start after one with a greater token'
                WHEN next_starts IS NOT NULL AND (ended_at IS NULL OR ended_at > next_started_at)
                  THEN 'a start that did not end before the next one' END AS problem
    FROM following
  )
  SELECT problem, machine_id AS "machineId", process, work_token::text AS token
  FROM found WHERE problem IS NOT NULL ORDER BY machine_id, process, work_token LIMIT $1::int8`
