import { randomUUID } from 'node:crypto'
import { BMDB, type BMDBConfig, type Connection, type PrismaClient, type Session } from '@bmdb/core'
import { Pool } from 'pg'

/** A connection and a session of BMDB, closed when it is disposed. */
export interface Opened extends AsyncDisposable {
  readonly connection: Connection<PrismaClient>
  readonly session: Session<PrismaClient>
}

export async function openBMDB(databaseUrl: string, config: Partial<BMDBConfig> = {}): Promise<Opened> {
  const connection = await new BMDB({ databaseUrl, componentName: 'bench', ...config }).open()
  const session = await connection.startSession({ intervalSeconds: 60 })
  return {
    connection,
    session,
    async [Symbol.asyncDispose]() {
      await connection.close()
    },
  }
}

/** Registers machines, ids chosen here. */
export async function addMachines(databaseUrl: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID())
  await withPool(databaseUrl, async (pool) => {
    for (let from = 0; from < count; from += 10_000)
      await pool.query('INSERT INTO machines (machine_id) SELECT unnest($1::uuid[])', [ids.slice(from, from + 10_000)])
  })
  await settle(databaseUrl)
  return ids
}

/** Starts sessions that no program keeps alive. @param remainingSeconds - until their deadline; below zero they are dead */
export async function addSessions(
  databaseUrl: string,
  ids: readonly string[],
  remainingSeconds: number,
): Promise<void> {
  await withPool(databaseUrl, (pool) =>
    pool.query(
      `WITH s AS (INSERT INTO sessions (session_id, session_component_name, session_runtime_info, session_interval_seconds)
                  SELECT id, 'bench', '', 3600 FROM unnest($1::uuid[]) AS id RETURNING session_id)
       INSERT INTO session_leases (session_id, session_deadline)
       SELECT session_id, now() + $2::float8 * interval '1 second' FROM s`,
      [ids, remainingSeconds],
    ),
  )
}

/** Moves the session's deadline into the past: its program is alive, and others may take over. */
export async function letExpire(databaseUrl: string, sessionId: string): Promise<void> {
  await withPool(databaseUrl, (pool) =>
    pool.query(`UPDATE session_leases SET session_deadline = now() - interval '1 second' WHERE session_id = $1`, [
      sessionId,
    ]),
  )
}

/**
 * Cleans a candidate's database and counts its rows, before each turn and not in its time. Otherwise autovacuum does so
 * in the middle of somebody's turn, and figures depend on which plans it leaves behind.
 */
export async function settle(databaseUrl: string): Promise<void> {
  await withPool(databaseUrl, (pool) => pool.query('VACUUM ANALYZE'))
}

export async function withPool<T>(databaseUrl: string, run: (pool: Pool) => Promise<T>, max = 12): Promise<T> {
  const pool = new Pool({ connectionString: databaseUrl, max })
  pool.on('error', () => {})
  try {
    return await run(pool)
  } finally {
    await pool.end()
  }
}
