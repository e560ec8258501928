import { withPool } from './bmdb.ts'

/** What the benchmark of the console looks at. */
export interface LargeFleet {
  readonly machineId: string
  readonly sessionId: string
}

/**
 * Fills a database with a large fleet: 100 000 machines with facts and failure domains, 1 000 000 rows of history over a
 * day, 9000 sessions (a hundredth of them expired) that hold 20 000 machines, and 20 000 backoffs, some of them parked.
 * @param part - so much of it
 */
export async function fillLargeFleet(databaseUrl: string, part: number): Promise<LargeFleet> {
  const machines = Math.round(100_000 * part)
  const sessions = Math.round(9_000 * part)
  const held = machines / 5
  return withPool(databaseUrl, async (pool) => {
    for (const statement of [
      `INSERT INTO machines (machine_created_at)
       SELECT now() - interval '90 days' + (n / 100) * interval '1 second' FROM generate_series(1, ${machines}) AS n`,
      `INSERT INTO machine_bmc
       SELECT machine_id, 'http://10.1.' || n % 256 || '.' || n % 250
       FROM (SELECT machine_id, row_number() OVER () AS n FROM machines) AS m`,
      `INSERT INTO machine_hardware_report (machine_id, hardware_report)
       SELECT machine_id, '{"manufacturer": "Contoso", "model": "3500"}' FROM machines WHERE random() < 0.9`,
      `INSERT INTO machine_failure_domains
       SELECT machine_id, 'rack', 'r' || row_number() OVER () / 40 FROM machines`,
      `INSERT INTO machine_failure_domains
       SELECT machine_id, 'site', 's' || row_number() OVER () % 4 FROM machines`,
      `INSERT INTO work_tokens (machine_id, process, token, touched_at)
       SELECT machine_id, 'Bench', 10, now() - random() * interval '1 day' FROM machines`,
      `WITH s AS (
         INSERT INTO sessions
           (session_id, session_component_name, session_runtime_info, session_created_at, session_interval_seconds)
         SELECT gen_random_uuid(), 'worker-' || n % 7, 'host h' || n || ', pid 1, @bmdb/core 0.1.0',
                now() - n * interval '1 second', 3600
         FROM generate_series(1, ${sessions}) AS n RETURNING session_id)
       INSERT INTO session_leases
       SELECT session_id, now() + CASE WHEN random() < 0.01 THEN -1 ELSE 60 END * interval '1 minute' FROM s`,
      `INSERT INTO session_history
       SELECT gen_random_uuid(), 'worker', '', now() - n * interval '1 minute', 5, now() - n * interval '1 second', 'Closed', ''
       FROM generate_series(1, ${sessions}) AS n`,
      `INSERT INTO work (machine_id, session_id, process, work_token, work_started_at)
       SELECT m.machine_id, s.session_id, 'Bench', 10, now() - random() * interval '1 hour'
       FROM (SELECT machine_id, row_number() OVER () AS n FROM machines) AS m
       JOIN (SELECT session_id, row_number() OVER () AS n FROM sessions) AS s ON s.n = m.n % ${sessions} + 1
       WHERE m.n <= ${held}`,
      `INSERT INTO work_progress (machine_id, process, work_token, message, percent, progress_deadline)
       SELECT machine_id, process, work_token, 'flashing', 40,
              now() + CASE WHEN random() < 0.001 THEN -1 ELSE 600 END * interval '1 minute' FROM work`,
      `INSERT INTO work_backoff
         (machine_id, process, until, cause, last_interval_seconds, attempts, parked_at, parked_by, parked_reason)
       SELECT machine_id, 'Bench', now() + random() * interval '1 hour', 'no answer within 10 s', 60, 3,
              CASE WHEN n % 50 = 0 THEN now() - random() * interval '1 day' END, 'ann', 'its BMC is broken'
       FROM (SELECT machine_id, row_number() OVER () AS n FROM machines) AS m WHERE n > ${machines - held}`,
      `INSERT INTO work_history
         (work_history_id, machine_id, process, event, "timestamp", session_id, component_name, work_token, failed_cause)
       SELECT gen_random_uuid(), m.machine_id, 'Bench',
              CASE WHEN r % 2 = 1 THEN 'Started' WHEN r % 20 = 0 THEN 'Failed' ELSE 'Finished' END,
              now() - interval '1 day' + (r * ${machines} + m.n) * (interval '1 day' / ${machines * 11}), gen_random_uuid(),
              'worker', r, CASE WHEN r % 20 = 0 THEN 'no answer within 10 s' END
       FROM generate_series(1, 10) AS r, (SELECT machine_id, row_number() OVER () AS n FROM machines) AS m`,
      `INSERT INTO operator_history (operator_history_id, "timestamp", operator, action, reason, machine_id)
       SELECT gen_random_uuid(), now() - random() * interval '1 day', 'ann', 'release', 'it hangs', machine_id
       FROM machines LIMIT 1000`,
      `INSERT INTO processes (process, declared_at, declared_by, declaration)
       VALUES ('Bench', now(), 'bench', '{"conflictsWith": [], "failureDomains": {}, "where": {"bmc": {"isNot": null}}}')`,
    ])
      await pool.query(statement)
    const one = async (text: string): Promise<string> => (await pool.query<{ id: string }>(text)).rows[0]!.id
    return {
      machineId: await one('SELECT machine_id AS id FROM work LIMIT 1'),
      sessionId: await one('SELECT session_id AS id FROM work LIMIT 1'),
    }
  })
}
