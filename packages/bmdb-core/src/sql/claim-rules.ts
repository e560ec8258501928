import type { Statement } from '../database/server-connection.ts'
import type { Dialect } from '../database/server.ts'

/**
 * Rules of a process that rows of other machines or processes decide on: conflicts, and limits of failure domains. A claim
 * by rules locks first and decides in a later statement, whose snapshot shows whatever was committed until it had the
 * locks: a conflicting claim of a machine locks that machine, a limited claim of a process locks that process. One
 * statement for both would decide by what it saw before it waited.
 *
 * The parts below go into the claiming statement (sql/claim.ts), where $2 is the process.
 */

/** What is locked first, in this order; every claim by rules uses the same. */
export function lockForRules(dialect: Dialect, process: string, machineIds: readonly string[]): Statement[] {
  return [
    ...lockOutDeclarations(dialect),
    {
      name: 'bmdb_lock_machines_for_claim',
      text: `
        SELECT machine_id FROM machines
        WHERE machine_id = ANY($1::uuid[]) AND EXISTS (SELECT 1 FROM process_conflicts WHERE process = $2::text)
        ORDER BY machine_id FOR ${dialect === 'postgresql' ? 'NO KEY UPDATE' : 'UPDATE'}`,
      values: [machineIds, process],
    },
    {
      name: 'bmdb_lock_process_for_claim',
      text: `
        SELECT process FROM processes
        WHERE process = $1::text AND EXISTS (SELECT 1 FROM process_domain_limits WHERE process = $1::text)
        FOR ${dialect === 'postgresql' ? 'NO KEY UPDATE' : 'UPDATE'}`,
      values: [process],
    },
  ]
}

/** What a claim writes to anyway, locked from the start: nobody changes rules between its two statements. */
function lockOutDeclarations(dialect: Dialect): Statement[] {
  return dialect === 'postgresql' ? [{ text: 'LOCK TABLE work_tokens IN ROW EXCLUSIVE MODE' }] : []
}

/**
 * Waits for every claim that is under way, and keeps others from deciding until the transaction ends: what it changes
 * binds every claim whose answer comes later. For what operators and declarations do; claims take a snapshot only after
 * they have their lock on this table.
 *
 * On CockroachDB it reads what those claims have to write: one that read the rules before cannot commit in the past of
 * this transaction, and fails when it reads them anew. (That the two are serializable would not be enough: the claim's
 * answer might come later.)
 */
export function lockOutClaims(
  dialect: Dialect,
  about: { readonly machineId?: string | undefined; readonly process?: string | undefined },
): Statement[] {
  if (dialect === 'postgresql') return [{ text: 'LOCK TABLE work_tokens IN SHARE ROW EXCLUSIVE MODE' }]
  const { machineId, process } = about
  return machineId === undefined
    ? [{ text: 'SELECT count(*) FROM work_tokens WHERE process = $1::text', values: [process] }]
    : [{ text: 'SELECT count(*) FROM work_tokens WHERE machine_id = $1::uuid', values: [machineId] }]
}

/** The work on a machine that is in the process's way, its own or of one in conflict: whoever lives first, then its own. */
export const heldOrConflicting = `
          SELECT other.process, other.session_id, other.work_started_at
          FROM work AS other JOIN session_leases AS lease ON lease.session_id = other.session_id
          WHERE other.machine_id = c.machine_id
            AND (other.process = $2::text
                 OR other.process IN (SELECT conflicts_with FROM process_conflicts WHERE process = $2::text))
          ORDER BY lease.session_deadline > now() DESC, other.process = $2::text DESC LIMIT 1`

/**
 * Room in failure domains. Machines of a full domain are left out first; of the others each domain takes the first ones,
 * as many as it has room for: some may be left for the next claim where they have domains of several kinds, but never all.
 */
export const limits = {
  tables: `, held_domain AS MATERIALIZED (
      SELECT d.kind, d.failure_domain, count(*) AS held
      FROM process_domain_limits AS r
      JOIN work AS w ON w.process = r.process
      JOIN session_leases AS l ON l.session_id = w.session_id AND l.session_deadline > now()
      JOIN machine_failure_domains AS d ON d.machine_id = w.machine_id AND d.kind = r.kind
      WHERE r.process = $2::text
      GROUP BY d.kind, d.failure_domain
    ), place AS MATERIALIZED (
      SELECT c.machine_id, c.position, d.kind, d.failure_domain, r.maximum - coalesce(h.held, 0) AS room
      FROM candidate AS c
      JOIN machine_failure_domains AS d ON d.machine_id = c.machine_id
      JOIN process_domain_limits AS r ON r.process = $2::text AND r.kind = d.kind
      LEFT JOIN held_domain AS h ON h.kind = d.kind AND h.failure_domain = d.failure_domain
      WHERE c.state IN ('free', 'expired')
    ), crowded AS MATERIALIZED (
      SELECT machine_id FROM place WHERE room <= 0
    ), ranked AS MATERIALIZED (
      SELECT p.machine_id, p.room,
             row_number() OVER (PARTITION BY p.kind, p.failure_domain ORDER BY p.position) AS nth
      FROM place AS p WHERE p.machine_id NOT IN (SELECT machine_id FROM crowded)
    ), no_room AS MATERIALIZED (
      SELECT machine_id FROM crowded UNION SELECT machine_id FROM ranked WHERE nth > room
    )`,
  condition: ' AND machine_id NOT IN (SELECT machine_id FROM no_room)',
  state: "WHEN c.machine_id IN (SELECT machine_id FROM no_room) THEN 'failure domain'",
}
