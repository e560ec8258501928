/** What a statement asks of a machine `m` besides the process's own condition; $1 is the process. */
export const mayBeginText = `
      m.machine_retired_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM machine_locked_out AS o WHERE o.machine_id = m.machine_id)
      AND NOT EXISTS (SELECT 1 FROM work_excluded AS x WHERE x.machine_id = m.machine_id AND x.process = $1::text)`

/** Machines that match a condition on `m` and on which the process $1 may begin: the untouched first, then the longest untouched. */
export function claimableText(condition: string, limit: number): string {
  return `
    SELECT machine_id FROM (
      (SELECT m.machine_id, 0 AS part, m.machine_created_at AS since
       FROM machines AS m
       WHERE ${mayBeginText}
         AND NOT EXISTS (SELECT 1 FROM work_tokens AS t WHERE t.machine_id = m.machine_id AND t.process = $1::text)
         AND (${condition})
       ORDER BY m.machine_created_at LIMIT ${limit})
      UNION ALL
      (SELECT m.machine_id, 1 AS part, t.touched_at AS since
       FROM work_tokens AS t JOIN machines AS m ON m.machine_id = t.machine_id
       WHERE t.process = $1::text AND ${mayBeginText}
         AND (${condition})
       ORDER BY t.touched_at LIMIT ${limit})
    ) AS found
    ORDER BY part, since LIMIT ${limit}`
}

/** How many machines match the condition, and of how many the process may begin on now; since when the longest was untouched. */
export function countEligibleText(condition: string): string {
  return `
    SELECT count(*)::int8 AS eligible, min(coalesce(t.touched_at, m.machine_created_at)) AS since
    FROM machines AS m
    LEFT JOIN work_tokens AS t ON t.machine_id = m.machine_id AND t.process = $1::text
    WHERE ${mayBeginText} AND (${condition})`
}
