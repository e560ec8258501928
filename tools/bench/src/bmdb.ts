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
    await pool.query('VACUUM ANALYZE machines')
  })
  return ids
}

export async function withPool<T>(databaseUrl: string, run: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = new Pool({ connectionString: databaseUrl, max: 12 })
  pool.on('error', () => {})
  try {
    return await run(pool)
  } finally {
    await pool.end()
  }
}
