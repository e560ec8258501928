// What an operator does with plain SQL, past the library; and where it would have to wait for a lock, does not.
import type { Client } from 'pg'
import type { Machine, Process } from './model.ts'

/** Which rows of the database belong to one run. */
export interface Rows {
  readonly client: Client
  readonly machineIds: readonly [string, string]
  readonly sessionIds: string[]
}

/** Deletes a session with its work, each piece into the history. */
export function forcedDeletion({ client }: Rows, sessionId: string): Promise<string> {
  return unlessLocked(client, 'deleted', async () => {
    await client.query('SELECT 1 FROM sessions WHERE session_id = $1 FOR UPDATE NOWAIT', [sessionId])
    await client.query('SELECT 1 FROM work WHERE session_id = $1 FOR UPDATE NOWAIT', [sessionId])
    await client.query(`WITH ended AS (DELETE FROM work WHERE session_id = $1 RETURNING *) ${released}`, [sessionId])
    await client.query('DELETE FROM sessions WHERE session_id = $1', [sessionId])
  })
}

/** Takes one piece of work from a session that lives on. */
export function forcedRelease({ client, machineIds }: Rows, machine: Machine, process: Process): Promise<string> {
  const key = [machineIds[machine], process]
  return unlessLocked(client, 'released', async () => {
    await client.query('SELECT 1 FROM work WHERE machine_id = $1 AND process = $2 FOR UPDATE NOWAIT', key)
    await client.query(
      `WITH ended AS (DELETE FROM work WHERE machine_id = $1 AND process = $2 RETURNING *) ${released}`,
      key,
    )
  })
}

const released = `
  INSERT INTO work_history
    (work_history_id, machine_id, process, event, "timestamp", session_id, component_name, work_token)
  SELECT gen_random_uuid(), machine_id, process, 'Released', clock_timestamp(), session_id, 'operator', work_token
  FROM ended`

async function unlessLocked(client: Client, done: string, run: () => Promise<void>): Promise<string> {
  await client.query('BEGIN')
  try {
    await run()
    await client.query('COMMIT')
    return done
  } catch (error) {
    await client.query('ROLLBACK')
    if ((error as { code?: string }).code === '55P03') return 'locked'
    throw error
  }
}
