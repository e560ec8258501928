import type { TestDatabase } from '../setup.ts'

/** Now, in milliseconds of the database's clock: delays by it do not count how slow a test's own program is. */
export async function databaseMs(database: TestDatabase): Promise<number> {
  const [row] = await database.sql<{ at: number }>('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS at')
  return row!.at
}

/** When each machine was taken over for the first time, in milliseconds of the database's clock. */
export async function takenOverMs(database: TestDatabase): Promise<ReadonlyMap<string, number>> {
  const rows = await database.sql<{ machine_id: string; at: number }>(
    `SELECT machine_id, extract(epoch FROM "timestamp")::float8 * 1000 AS at
     FROM work_history WHERE event = 'Started' AND work_token = 2`,
  )
  return new Map(rows.map((row) => [row.machine_id, row.at]))
}
