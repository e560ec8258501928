import { randomUUID } from 'node:crypto'
import { BMDB, type Connection } from '@bmdb/core'
import type { JournalRow } from '@bmdb/testing'
import { Pool } from 'pg'
import { processName } from './orders.ts'

/** One increment that was committed. */
export interface Mark {
  readonly incrementId: string
  readonly machineId: string
  readonly token: bigint
  readonly kind: 'transact' | 'finish'
  /** What the counter became. */
  readonly count: number
  /** Milliseconds on the database's clock. */
  readonly atMs: number
}

/** A row of the history, with its time on the database's clock. */
export interface Row extends JournalRow {
  readonly token: bigint
  readonly atMs: number
}

/** What the database knows in the end. */
export interface Ledger {
  readonly machineIds: readonly string[]
  readonly marks: readonly Mark[]
  /** By machine. */
  readonly counters: ReadonlyMap<string, number>
  readonly journal: readonly Row[]
  /** The deadline that each session had when it was deleted, by session; undefined where that could not be kept. */
  readonly deadlines: ReadonlyMap<string, number> | undefined
  /** Work that is held by nobody, and that nobody takes away. */
  readonly leftWork: number
}

const statementMs = 10_000

/** The soak's own view of the database, by connections that nobody torments. */
export class LedgerKeeper implements AsyncDisposable {
  readonly machineIds: readonly string[]
  readonly dialect: Connection['dialect']
  readonly #url: string
  readonly #pool: Pool

  private constructor(url: string, pool: Pool, machineIds: readonly string[], dialect: Connection['dialect']) {
    this.#url = url
    this.#pool = pool
    this.machineIds = machineIds
    this.dialect = dialect
  }

  /** Migrates, and makes the machines and the soak's own tables. */
  static async prepare(url: string, machines: number, signal: AbortSignal): Promise<LedgerKeeper> {
    const connection = await new BMDB({ databaseUrl: url, componentName: 'soak' }).open({ migrate: true, signal })
    await connection.close()
    const pool = new Pool({
      connectionString: url,
      application_name: 'soak',
      max: 3,
      connectionTimeoutMillis: statementMs,
      query_timeout: statementMs,
    })
    pool.on('error', () => {})
    const machineIds = Array.from({ length: machines }, () => randomUUID())
    const keeper = new LedgerKeeper(url, pool, machineIds, connection.dialect)
    try {
      for (const statement of tables) await pool.query(statement)
      if (connection.dialect === 'postgresql') await pool.query(deadlineKeeper)
      await pool.query('INSERT INTO machines (machine_id) SELECT unnest($1::uuid[])', [machineIds])
      await pool.query('INSERT INTO soak_counters SELECT unnest($1::uuid[]), 0', [machineIds])
      return keeper
    } catch (error) {
      await keeper[Symbol.asyncDispose]()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end().catch(() => {})
  }

  /**
   * Puts the deadlines of sessions that hold work to now, as an operator might who takes them for dead: their holders go
   * on, and know of nothing.
   * @returns the holders' components
   */
  async endSome(most: number): Promise<string[]> {
    const { rows } = await this.#pool.query<{ name: string }>(
      `UPDATE session_leases AS l SET session_deadline = clock_timestamp()
       FROM sessions AS s
       WHERE s.session_id = l.session_id AND l.session_deadline > clock_timestamp() AND l.session_id IN (
         SELECT w.session_id FROM work AS w ORDER BY w.work_started_at DESC LIMIT $1::int8)
       RETURNING s.session_component_name AS name`,
      [most],
    )
    return rows.map(({ name }) => name)
  }

  /** Waits until nobody's session is left, sweeping, and reads everything. */
  async read(limitMs: number): Promise<Ledger> {
    const leftWork = await this.#sweepAll(limitMs)
    const marks = await this.#pool.query<Omit<Mark, 'token'> & { token: string }>(
      `SELECT increment_id AS "incrementId", machine_id AS "machineId", token::text AS token, kind,
              count::int4 AS count, ${ms('at')} AS "atMs"
       FROM soak_marks ORDER BY machine_id, count, at`,
    )
    const counters = await this.#pool.query<{ id: string; count: number }>(
      'SELECT machine_id AS id, count::int4 AS count FROM soak_counters',
    )
    const journal = await this.#pool.query<Omit<Row, 'token'> & { token: string }>(
      `SELECT machine_id AS "machineId", process, event, work_token::text AS token, session_id AS "sessionId",
              ${ms('"timestamp"')} AS "atMs"
       FROM work_history WHERE machine_id = ANY($1::uuid[]) AND process = $2 ORDER BY ${this.dialect === 'postgresql' ? '"timestamp",' : ''} work_token, "timestamp"`,
      [this.machineIds, processName],
    )
    const withToken = <T extends { token: string }>(rows: T[]) =>
      rows.map((row) => ({ ...row, token: BigInt(row.token) }))
    return {
      machineIds: this.machineIds,
      marks: withToken(marks.rows),
      counters: new Map(counters.rows.map((row) => [row.id, row.count])),
      journal: withToken(journal.rows),
      deadlines: this.dialect === 'postgresql' ? await this.#deadlines() : undefined,
      leftWork,
    }
  }

  async #sweepAll(limitMs: number): Promise<number> {
    const connection = await new BMDB({ databaseUrl: this.#url, componentName: 'soak' }).open({ timeoutMs: 30_000 })
    try {
      const endMs = performance.now() + limitMs
      for (;;) {
        await connection.sweep()
        const left = await connection.prisma.work.count({ where: { process: processName } })
        if (left === 0 || performance.now() > endMs) return left
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    } finally {
      await connection.close()
    }
  }

  async #deadlines(): Promise<Map<string, number>> {
    const { rows } = await this.#pool.query<{ id: string; atMs: number }>(
      `SELECT session_id AS id, ${ms('session_deadline')} AS "atMs" FROM soak_deadlines`,
    )
    return new Map(rows.map((row) => [row.id, row.atMs]))
  }
}

const tables = [
  'DROP TABLE IF EXISTS soak_counters',
  'DROP TABLE IF EXISTS soak_marks',
  'CREATE TABLE soak_counters (machine_id UUID PRIMARY KEY, count INT8 NOT NULL)',
  // No unique key but its own: whatever is committed twice must show.
  `CREATE TABLE soak_marks (
     mark_id UUID PRIMARY KEY DEFAULT gen_random_uuid(), increment_id UUID NOT NULL, machine_id UUID NOT NULL,
     token INT8 NOT NULL, kind TEXT NOT NULL, count INT8 NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp())`,
]

const deadlineKeeper = `
  CREATE TABLE IF NOT EXISTS soak_deadlines (session_id UUID, session_deadline TIMESTAMPTZ);
  CREATE OR REPLACE FUNCTION soak_keep_deadline() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO soak_deadlines VALUES (old.session_id, old.session_deadline); RETURN NULL; END $$;
  CREATE OR REPLACE TRIGGER soak_keep_deadline AFTER DELETE ON session_leases
    FOR EACH ROW EXECUTE FUNCTION soak_keep_deadline()`

function ms(timestamp: string): string {
  return `extract(epoch FROM ${timestamp})::float8 * 1000`
}
