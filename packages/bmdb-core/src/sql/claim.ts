import type { Statement } from '../database/server-connection.ts'
import type { BlockedState } from '../errors.ts'
import { heldOrConflicting, limits } from './claim-rules.ts'

/** One machine that may be claimed. */
export interface Candidate {
  readonly machineId: string
  /** The token that was the last one when the machine was chosen; null where nobody looked. */
  readonly seenToken: bigint | null
  /** Whether there was work on it when it was chosen, somebody's or a dead holder's; null where nobody looked. */
  readonly seenHeld: boolean | null
  /** The id of the history row of its start, chosen by the client: the mark of this claim. */
  readonly historyId: string
}

/** What a claim asks for. */
export interface ClaimRequest {
  readonly sessionId: string
  readonly componentName: string
  readonly process: string
  readonly candidates: readonly Candidate[]
  readonly limit: number
  readonly ignoreBackoff: boolean
}

/** What the claim says of each candidate, in the order given. Unknown machines are left out. */
export interface ClaimRow {
  readonly machine_id: string
  readonly state: 'claimed' | 'lost' | 'free' | 'held' | 'conflict' | 'expired' | 'backoff' | 'rules' | BlockedState
  /** Of what was claimed. */
  readonly token: string | null
  /** What holds the machine: the process itself, or one in conflict with it. */
  readonly process: string | null
  /** Of who holds it, alive (`held`, `conflict`) or not (`expired`). */
  readonly session_id: string | null
  readonly component_name: string | null
  readonly since: Date | null
  readonly until: Date | null
  /** Of the backoff in force. */
  readonly backoff_until: Date | null
  readonly backoff_cause: string | null
}

/**
 * Claims the first `limit` of the candidates that are free, in one statement.
 *
 * Its decision rests on what its snapshot shows, and the token makes that safe at READ COMMITTED: every claim raises the
 * last token of (machine, process), and this one raises it only from the value that its snapshot (or, with
 * `seenToken`, the caller's) showed. Where somebody else's claim came between, the row is waited for, found raised, and
 * left alone: `lost`. So the insert into work below can meet no other row, and what was no longer eligible is not taken.
 * An end moves no token, so what was held when it was chosen and is not any more is lost too, unless its holder expired:
 * whoever finished it may have made it ineligible.
 *
 * If one of the chosen machines is held by an expired session, nothing is claimed, and that session is returned: it
 * must be ended first, in the transaction that claims (sql/end-sessions.ts).
 *
 * A process with conflicts or limits has rules that other rows than its own decide on, which the token does not guard. A
 * claim that does not know of them takes nothing and says `rules`; it is sent again with `rules`, behind what locks those
 * rows (sql/claim-rules.ts).
 *
 * Each candidate is looked up by itself (`OFFSET 0` keeps the planner from joining whole tables instead, which it would
 * with statistics that are out of date).
 *
 * Locks, in this order: work_tokens (by machine id, so that claims of many machines cannot block each other in a
 * circle), the new rows of work and work_history, and, shared, by foreign keys, machines and the own session.
 */
export function claim(request: ClaimRequest, rules: boolean): Statement {
  const { candidates } = request
  return {
    // The limit is written into the text: with a parameter the planner would plan anew at each execution.
    name: `bmdb_claim_${rules ? 'by_rules_' : ''}${request.limit}`,
    text: `
      WITH process AS MATERIALIZED (
        SELECT paused_at, has_rules FROM processes WHERE process = $2::text
      ), candidate AS MATERIALIZED (
        SELECT c.machine_id, c.history_id, c.position, coalesce(t.token, 0) AS token,
               w.process, w.session_id, w.work_started_at, l.session_deadline,
               b.until AS backoff_until, b.cause AS backoff_cause,
               CASE WHEN l.session_deadline > now() AND w.process = $2::text THEN 'held'
                    WHEN l.session_deadline > now() THEN 'conflict'
                    WHEN m.machine_retired_at IS NOT NULL THEN 'retired'
                    WHEN m.machine_locked_out_at IS NOT NULL
                      AND (m.machine_locked_out_until IS NULL OR m.machine_locked_out_until > now()) THEN 'locked out'
                    WHEN p.paused_at IS NOT NULL THEN 'paused'
                    WHEN b.parked_at IS NOT NULL THEN 'parked'
                    WHEN b.until > now() AND NOT $6::bool THEN 'backoff'
                    ${rules ? '' : "WHEN p.has_rules THEN 'rules'"}
                    WHEN c.seen_token <> coalesce(t.token, 0) THEN 'lost'
                    WHEN c.seen_held AND w.process IS DISTINCT FROM $2::text AND coalesce((
                      SELECT h.event FROM work_history AS h
                      WHERE h.machine_id = c.machine_id AND h.process = $2::text
                      ORDER BY h."timestamp" DESC LIMIT 1), '') <> 'Expired' THEN 'lost'
                    WHEN w.session_id IS NOT NULL THEN 'expired'
                    ELSE 'free' END AS state
        FROM unnest($3::uuid[], $4::int8[], $5::uuid[], $8::bool[]) WITH ORDINALITY
          AS c (machine_id, seen_token, history_id, seen_held, position)
        JOIN LATERAL (
          SELECT machine_retired_at, machine_locked_out_at, machine_locked_out_until
          FROM machines WHERE machine_id = c.machine_id OFFSET 0) AS m ON true
        LEFT JOIN process AS p ON true
        LEFT JOIN LATERAL (${rules ? heldOrConflicting : held}) AS w ON true
        LEFT JOIN LATERAL (
          SELECT session_deadline FROM session_leases WHERE session_id = w.session_id OFFSET 0) AS l ON true
        LEFT JOIN LATERAL (
          SELECT token FROM work_tokens WHERE machine_id = c.machine_id AND process = $2::text OFFSET 0) AS t ON true
        LEFT JOIN LATERAL (
          SELECT until, cause, parked_at FROM work_backoff
          WHERE machine_id = c.machine_id AND process = $2::text OFFSET 0) AS b ON true
      )${rules ? limits.tables : ''}, chosen AS MATERIALIZED (
        SELECT machine_id, history_id, token, state FROM candidate
        WHERE state IN ('free', 'expired')${rules ? limits.condition : ''}
        ORDER BY position LIMIT ${request.limit}
      ), granted AS (
        INSERT INTO work_tokens (machine_id, process, token, touched_at)
        SELECT machine_id, $2::text, token + 1, clock_timestamp() FROM chosen
        WHERE NOT EXISTS (SELECT 1 FROM chosen WHERE state = 'expired')
        ORDER BY machine_id
        ON CONFLICT (machine_id, process) DO UPDATE SET token = excluded.token, touched_at = excluded.touched_at
        WHERE work_tokens.token = excluded.token - 1
        RETURNING machine_id, token
      ), started AS (
        INSERT INTO work (machine_id, session_id, process, work_token, work_started_at)
        SELECT machine_id, $1::uuid, $2::text, token, clock_timestamp() FROM granted
        RETURNING machine_id, work_token
      ), recorded AS (
        INSERT INTO work_history
          (work_history_id, machine_id, process, event, "timestamp", session_id, component_name, work_token, failed_cause)
        SELECT c.history_id, s.machine_id, $2::text, 'Started', clock_timestamp(), $1::uuid, $7::text, s.work_token, NULL
        FROM started AS s JOIN chosen AS c ON c.machine_id = s.machine_id
        RETURNING machine_id
      )
      SELECT c.machine_id, s.work_token::text AS token,
             CASE WHEN s.machine_id IS NOT NULL THEN 'claimed'
                  WHEN c.state = 'free' AND h.machine_id IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM chosen WHERE state = 'expired') THEN 'lost'
                  ${rules ? limits.state : ''}
                  ELSE c.state END AS state,
             c.process, c.session_id, holder.session_component_name AS component_name,
             c.work_started_at AS since, c.session_deadline AS until, c.backoff_until, c.backoff_cause
      FROM candidate AS c
      LEFT JOIN chosen AS h ON h.machine_id = c.machine_id
      LEFT JOIN started AS s ON s.machine_id = c.machine_id
      LEFT JOIN LATERAL (
        SELECT session_component_name FROM sessions WHERE session_id = c.session_id OFFSET 0) AS holder ON true
      ORDER BY c.position`,
    values: [
      request.sessionId,
      request.process,
      candidates.map((candidate) => candidate.machineId),
      candidates.map((candidate) => (candidate.seenToken === null ? null : String(candidate.seenToken))),
      candidates.map((candidate) => candidate.historyId),
      request.ignoreBackoff,
      request.componentName,
      candidates.map((candidate) => candidate.seenHeld),
    ],
  }
}

const held = `
          SELECT process, session_id, work_started_at FROM work
          WHERE machine_id = c.machine_id AND process = $2::text OFFSET 0`

/** What a claim whose answer was lost left behind: the work under its marks that is still this session's. */
export function findClaimed(sessionId: string, historyIds: readonly string[]): Statement {
  return {
    name: 'bmdb_find_claimed',
    text: `
      SELECT h.machine_id, h.work_token::text AS token
      FROM work_history AS h
      JOIN work AS w ON w.machine_id = h.machine_id AND w.process = h.process AND w.session_id = h.session_id
        AND w.work_token = h.work_token
      WHERE h.work_history_id = ANY($2::uuid[]) AND w.session_id = $1::uuid`,
    values: [sessionId, historyIds],
  }
}

/** The last tokens of these machines for a process, and whether there is work, as the asking transaction sees them. */
export const seenTokensText = `
  SELECT c.machine_id, t.token::text AS token, w.held
  FROM unnest($2::uuid[]) AS c (machine_id)
  JOIN LATERAL (
    SELECT token FROM work_tokens WHERE machine_id = c.machine_id AND process = $1::text OFFSET 0) AS t ON true
  JOIN LATERAL (
    SELECT EXISTS (SELECT 1 FROM work WHERE machine_id = c.machine_id AND process = $1::text) AS held OFFSET 0) AS w ON true`
