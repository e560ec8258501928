import type { Statement } from '../database/server-connection.ts'

/** One row of history as the database returns it. */
export interface HistoryDatabaseRow {
  readonly id: string
  readonly machine_id: string
  readonly process: string
  readonly event: string
  readonly timestamp: Date
  readonly session_id: string
  readonly component_name: string
  readonly token: string
  readonly failed_cause: string | null
}

/** A machine's history, newest first; from behind the row `before`, where one is given. Reads only. */
export function readHistory(machineId: string, limit: number, before: string | undefined): Statement {
  // Two rows of one instant are told apart by token, a start comes before its end, and the id settles the rest.
  const order = `"timestamp" DESC, work_token DESC, (event = 'Started')::int ASC, work_history_id DESC`
  const key = `"timestamp", work_token, -(event = 'Started')::int, work_history_id`
  return {
    name: before === undefined ? 'bmdb_history' : 'bmdb_history_before',
    text: `
      SELECT work_history_id AS id, machine_id, process, event, "timestamp", session_id, component_name,
             work_token::text AS token, failed_cause
      FROM work_history
      WHERE machine_id = $1::uuid${
        before === undefined
          ? ''
          : ` AND "timestamp" <= (SELECT "timestamp" FROM work_history WHERE work_history_id = $3::uuid)
        AND (${key}) < (SELECT ${key} FROM work_history WHERE work_history_id = $3::uuid)`
      }
      ORDER BY ${order} LIMIT $2::int8`,
    values: before === undefined ? [machineId, limit] : [machineId, limit, before],
  }
}
