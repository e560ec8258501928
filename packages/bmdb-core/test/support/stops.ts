import { onTestFinished } from 'vitest'
import type { TestDatabase } from '../setup.ts'

/** Who can be stopped. The taker connects as a role of its own, by which the database tells them apart. */
export type Party = 'holder' | 'taker'

/** Where transactions can be stopped, inside the server: no client can tell such a stop from slowness. */
export const stops = {
  /** A statement that updates or deletes rows of work has its snapshot, and no lock of these rows yet. */
  'before work': 1,
  /** Work was deleted into the history, the session not yet. */
  'before the session': 2,
  /** A claim has chosen a machine, and written nothing yet. */
  'before the token': 3,
  /** COMMIT has arrived, everything is written and locked, and nothing is committed yet. */
  'in COMMIT': 4,
} as const

export type Stop = keyof typeof stops

const parties = { holder: 1, taker: 2 } as const

/** Gates inside a database, one for each party and stop, each closed until it is opened. */
export class Stops {
  readonly #database: TestDatabase
  /** The database, as the taker connects to it. */
  readonly takerUrl: string
  readonly #roles: Record<Party, string>

  private constructor(database: TestDatabase, takerUrl: string, roles: Record<Party, string>) {
    this.#database = database
    this.takerUrl = takerUrl
    this.#roles = roles
  }

  static async install(database: TestDatabase): Promise<Stops> {
    const role = `taker_${Math.random().toString(36).slice(2)}`
    await database.sql(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'taker'`)
    onTestFinished(async () => void (await database.sql(`DROP ROLE ${role}`)))
    // Waiting for an advisory lock would be a wait for a lock, which lock_timeout ends: it is asked for again and again.
    await database.sql(`
      CREATE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        party INT4 := CASE WHEN session_user LIKE 'taker%' THEN 2 ELSE 1 END;
        stop INT4 := tg_argv[0]::INT4;
      BEGIN
        PERFORM pg_advisory_lock_shared(10 + party, stop);
        WHILE NOT pg_try_advisory_lock_shared(party, stop) LOOP PERFORM pg_sleep(0.01); END LOOP;
        PERFORM pg_advisory_unlock_shared(party, stop);
        PERFORM pg_advisory_unlock_shared(10 + party, stop);
        RETURN CASE WHEN tg_op = 'DELETE' THEN OLD ELSE NEW END;
      END $$;
      CREATE TRIGGER stop BEFORE UPDATE OR DELETE ON work EXECUTE FUNCTION stop_here(1);
      CREATE TRIGGER stop BEFORE DELETE ON sessions EXECUTE FUNCTION stop_here(2);
      CREATE TRIGGER stop BEFORE INSERT ON work_tokens FOR EACH ROW EXECUTE FUNCTION stop_here(3);
      CREATE CONSTRAINT TRIGGER stop AFTER INSERT ON work_history DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION stop_here(4);
      CREATE CONSTRAINT TRIGGER stop AFTER INSERT ON machine_bmc DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION stop_here(4)`)
    const [row] = await database.sql<{ role: string }>('SELECT current_user AS role')
    const takerUrl = Object.assign(new URL(database.url), { username: role, password: 'taker' }).href
    return new Stops(database, takerUrl, { holder: row!.role, taker: role })
  }

  /** Closes these gates: whoever comes there from now on stops. */
  async closeAll(closing: Readonly<Record<Party, readonly Stop[]>>): Promise<void> {
    for (const party of ['holder', 'taker'] as const)
      for (const stop of closing[party])
        await this.#database.sql('SELECT pg_advisory_lock($1, $2)', parties[party], stops[stop])
  }

  /** Lets the party go on from the stop, and through there from now on. */
  async open(party: Party, stop: Stop): Promise<void> {
    await this.#database.sql('SELECT pg_advisory_unlock($1, $2)', parties[party], stops[stop])
  }

  /** Opens all gates. */
  async openAll(): Promise<void> {
    await this.#database.sql('SELECT pg_advisory_unlock_all()')
  }

  /** The stops at which the party stands, and whether one of its statements waits for a lock. */
  async look(party: Party): Promise<{ readonly standing: readonly Stop[]; readonly waiting: boolean }> {
    // Who stands somewhere holds a lock of that name. (Reading pg_locks would hold up everybody.)
    const [row] = await this.#database.sql<{ standing: Stop[]; waiting: boolean }>(
      `SELECT ARRAY (SELECT name FROM unnest($2::text[], $3::int4[]) AS s (name, number)
                     WHERE CASE WHEN pg_try_advisory_lock($1, number)
                           THEN NOT pg_advisory_unlock($1, number) ELSE true END) AS standing,
              EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
                      AND wait_event_type = 'Lock' AND usename = $4) AS waiting`,
      10 + parties[party],
      Object.keys(stops),
      Object.values(stops),
      this.#roles[party],
    )
    return row!
  }
}
