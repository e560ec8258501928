import type { Statement } from '../database/server-connection.ts'

/**
 * Whether a process, $1, may begin on a machine `m` now: the same conditions as the claiming statement's, each looked up by
 * itself (`OFFSET 0`): joined, they would be planned by statistics, and with those of a time when tables were small every
 * machine would be compared with every other.
 */
const mayBegin = `
      m.machine_retired_at IS NULL
      AND (m.machine_locked_out_at IS NULL OR m.machine_locked_out_until <= now())
      AND NOT EXISTS (
        SELECT 1 FROM work AS w
        WHERE w.machine_id = m.machine_id
          AND (w.process = $1::text OR w.process IN (SELECT conflicts_with FROM conflicting))
          AND EXISTS (SELECT 1 FROM session_leases AS l
                      WHERE l.session_id = w.session_id AND l.session_deadline > now() OFFSET 0) OFFSET 0)
      AND NOT EXISTS (
        SELECT 1 FROM work_backoff AS b
        WHERE b.machine_id = m.machine_id AND b.process = $1::text AND (b.until > now() OR b.parked_at IS NOT NULL)
        OFFSET 0)
      AND NOT EXISTS (
        SELECT 1 FROM machine_failure_domains AS d JOIN full_domain AS f
          ON f.kind = d.kind AND f.failure_domain = d.failure_domain
        WHERE d.machine_id = m.machine_id OFFSET 0)`

/** The rules of the process, looked up once; and none of its machines at all while it is paused. */
const rules = `
    conflicting AS MATERIALIZED (
      SELECT conflicts_with FROM process_conflicts WHERE process = $1::text
    ), full_domain AS MATERIALIZED (
      SELECT kind, failure_domain FROM process_domains_full WHERE process = $1::text
    ), running AS MATERIALIZED (
      SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM processes WHERE process = $1::text AND paused_at IS NOT NULL)
    )`

/**
 * Machines that match a condition on `m` and on which the process, $1, may begin: those that it never touched, by age, then
 * those that it touched longest ago.
 */
export function claimableText(condition: string, limit: number): string {
  return `
    WITH ${rules}
    SELECT machine_id FROM (
      (SELECT m.machine_id, 0 AS part, m.machine_created_at AS since
       FROM (SELECT * FROM machines AS m
             WHERE NOT EXISTS (SELECT 1 FROM work_tokens AS t WHERE t.machine_id = m.machine_id AND t.process = $1::text)
             ORDER BY m.machine_created_at OFFSET 0) AS m
       WHERE EXISTS (SELECT 1 FROM running) AND ${mayBegin}
         AND (${condition})
       ORDER BY m.machine_created_at LIMIT ${limit})
      UNION ALL
      (SELECT m.machine_id, 1 AS part, t.touched_at AS since
       FROM work_tokens AS t
       JOIN LATERAL (SELECT * FROM machines WHERE machine_id = t.machine_id OFFSET 0) AS m ON true
       WHERE t.process = $1::text AND EXISTS (SELECT 1 FROM running) AND ${mayBegin}
         AND (${condition})
       ORDER BY t.touched_at LIMIT ${limit})
    ) AS found
    ORDER BY part, since LIMIT ${limit}`
}

/** On how many machines that match the condition the process, $1, may begin; since when the longest of them was untouched. */
export function countEligibleText(condition: string): string {
  return `
    WITH ${rules}
    SELECT count(*)::int8 AS eligible, min(coalesce(t.touched_at, m.machine_created_at)) AS since
    FROM machines AS m
    LEFT JOIN LATERAL (
      SELECT touched_at FROM work_tokens WHERE machine_id = m.machine_id AND process = $1::text OFFSET 0) AS t ON true
    WHERE EXISTS (SELECT 1 FROM running) AND ${mayBegin} AND (${condition})`
}

/** Those of the machines on which the rules of a process, $1, keep it from beginning now. */
export const excludedByRulesText = `
    WITH ${rules}
    SELECT asked.machine_id FROM unnest($2::uuid[]) AS asked (machine_id)
    WHERE EXISTS (
        SELECT 1 FROM work AS w JOIN session_leases AS l ON l.session_id = w.session_id
        WHERE w.machine_id = asked.machine_id AND w.process IN (SELECT conflicts_with FROM conflicting)
          AND l.session_deadline > now() OFFSET 0)
      OR EXISTS (
        SELECT 1 FROM machine_failure_domains AS d JOIN full_domain AS f
          ON f.kind = d.kind AND f.failure_domain = d.failure_domain
        WHERE d.machine_id = asked.machine_id OFFSET 0)`

/** All machines on which the rules of a process keep it from beginning now. */
export function allExcludedByRules(process: string): Statement {
  return {
    text: 'SELECT DISTINCT machine_id FROM work_excluded_by_rules WHERE process = $1::text',
    values: [process],
  }
}
