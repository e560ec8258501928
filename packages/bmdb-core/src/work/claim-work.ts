import type { QueryResultRow } from 'pg'
import { v4 as newId } from 'uuid'
import { invalid, uuid } from '../arguments.ts'
import { sleep } from '../clock.ts'
import { constraintOf, sqlState } from '../database/database-error.ts'
import { inOneTransaction, refusalOf, runOwn } from '../database/own-statements.ts'
import type { ServerConnection, Statement } from '../database/server-connection.ts'
import {
  MachineNotFoundError,
  TransactionTimeoutError,
  WorkBackoffError,
  WorkConflictError,
  type BlockedState,
  type Holder,
} from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import { retryDelayMs } from '../retry-delay.ts'
import { endSessions, freeFrozen, isLockTimeout } from '../session/end-sessions.ts'
import type { SessionContext } from '../session/session-context.ts'
import { claim, findClaimed, type Candidate, type ClaimRow } from '../sql/claim.ts'
import { lockForRules } from '../sql/claim-rules.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'
import { blocked } from './blocked.ts'
import type { HeldWork } from './held-work.ts'
import { retrieveCandidates, type Retrieve } from './retrieve.ts'
import type { Work } from './work.ts'

export type { Retrieve } from './retrieve.ts'

/** Candidates of one statement; where none of them is free, the next ones are tried. */
const mostAtOnce = 1_000
/** The same where every candidate has to be locked first. */
const mostByRules = 100
/** Somebody was faster, or was in the way and need not be: it is worth another try. */
const tryAgain: ReadonlySet<ClaimRow['state']> = new Set(['lost', 'free', 'expired', 'rules'])
/** A claim by rules waits this long for another's; then it begins anew. */
const waitForLocks: Statement = { text: 'SET LOCAL lock_timeout = 300' }

/** Options of every claim. */
export interface ClaimOptions extends WaitOptions {
  /** Claims even what is in backoff. Default false. */
  readonly ignoreBackoff?: boolean | undefined
}

/** What a claim runs with. */
interface Claiming<Client extends PrismaClientLike> {
  readonly session: SessionContext<Client>
  readonly process: string
  readonly limit: Limit
  /** How many to claim at most. */
  readonly count: number
  readonly ignoreBackoff: boolean
}

/**
 * Claims one machine that the caller names.
 * @throws MachineNotFoundError, WorkConflictError, WorkBlockedError, WorkBackoffError
 */
export async function claimOne<Client extends PrismaClientLike>(
  session: SessionContext<Client>,
  held: HeldWork<Client>,
  machineId: string,
  process: string,
  options: ClaimOptions | undefined,
): Promise<Work<Client>> {
  using limit = claimLimit(session, process, options)
  const claiming = { session, process, limit, count: 1, ignoreBackoff: options?.ignoreBackoff === true }
  return await held.whileClaiming(async () => {
    for (let attempt = 1; ; attempt++) {
      const rows = await claimOnce(claiming, [{ machineId, seenToken: null, seenHeld: null, historyId: newId() }])
      const [row] = rows
      if (row === undefined) throw new MachineNotFoundError(machineId)
      if (row.state === 'claimed') return held.add(claimedOf(row, process))
      if (row.state === 'held' || row.state === 'conflict')
        throw new WorkConflictError(machineId, process, holderOf(row))
      if (isBlocked(row.state)) throw await blocked(session.database, limit, machineId, process, row.state)
      if (row.state === 'backoff')
        throw new WorkBackoffError(machineId, process, row.backoff_until!, row.backoff_cause ?? '')
      await sleep(retryDelayMs(attempt), limit.signal)
    }
  })
}

/** Claims up to `count` of the machines that `retrieve` names; none when there is nothing to do, or all are held. */
export async function claimMany<Client extends PrismaClientLike>(
  session: SessionContext<Client>,
  held: HeldWork<Client>,
  process: string,
  retrieve: Retrieve<Client>,
  count: number,
  options: ClaimOptions | undefined,
): Promise<Work<Client>[]> {
  if (typeof retrieve === 'function') {
    // Looked at anew at each try: what it saw is only worth something until somebody else claims.
  } else if (Array.isArray(retrieve)) retrieve.forEach((id, index) => uuid(`retrieve[${index}]`, id))
  else invalid('retrieve', retrieve, 'a function or an array of machine ids')
  using limit = claimLimit(session, process, options)
  const claiming = { session, process, limit, count, ignoreBackoff: options?.ignoreBackoff === true }
  return await held.whileClaiming(async () => {
    for (let attempt = 1; ; attempt++) {
      const candidates = await retrieveCandidates(session, process, retrieve, limit)
      if (candidates.length === 0) return []
      let again = false
      const atOnce = session.ruledProcesses.has(process) ? mostByRules : mostAtOnce
      for (let first = 0; first < candidates.length && !again; first += atOnce) {
        const rows = await claimOnce(claiming, candidates.slice(first, first + atOnce))
        const claimed = rows.filter((row) => row.state === 'claimed')
        if (claimed.length > 0) {
          const work = claimed.map((row) => held.add(claimedOf(row, process)))
          // After a lost answer both tries may have claimed: nobody asked for the second one's.
          await Promise.all(work.slice(count).map((surplus) => surplus[Symbol.asyncDispose]()))
          return work.slice(0, count)
        }
        // Somebody was faster: there may be others, or the same again. Everything else is held, or in backoff.
        again = rows.some((row) => tryAgain.has(row.state))
      }
      if (!again) return []
      await sleep(retryDelayMs(attempt), limit.signal)
    }
  })
}

function holderOf(row: ClaimRow): Holder {
  return {
    process: row.process!,
    component: row.component_name!,
    session: row.session_id!,
    since: row.since!,
    until: row.until!,
  }
}

const blockedStates: ReadonlySet<string> = new Set<BlockedState>([
  'retired',
  'locked out',
  'paused',
  'parked',
  'failure domain',
])

function isBlocked(state: ClaimRow['state']): state is BlockedState {
  return blockedStates.has(state)
}

function claimLimit<Client extends PrismaClientLike>(
  session: SessionContext<Client>,
  process: string,
  options: ClaimOptions | undefined,
): Limit {
  return new Limit(options, 30_000, (ms) => new TransactionTimeoutError(`claim of ${process}`, ms), [session.signal])
}

function claimedOf(row: ClaimRow, process: string): { machineId: string; process: string; token: bigint } {
  return { machineId: row.machine_id, process, token: BigInt(row.token!) }
}

/**
 * One claim: one statement; and where a machine that it chose is held by an expired session, one transaction that ends
 * that session and claims.
 */
async function claimOnce<Client extends PrismaClientLike>(
  claiming: Claiming<Client>,
  candidates: readonly Candidate[],
): Promise<readonly ClaimRow[]> {
  const { session, process, limit, count, ignoreBackoff } = claiming
  const { database, ruledProcesses } = session
  const request = {
    sessionId: session.id,
    componentName: session.componentName,
    process,
    candidates,
    limit: count,
    ignoreBackoff,
  }
  const run = (what: string, send: (connection: ServerConnection) => Promise<readonly ClaimRow[]>) =>
    runOwn(database, limit, what, async (connection, { mayHaveRun }) => {
      session.assertHolds()
      if (mayHaveRun) {
        // The try whose answer was lost had done it: nothing more is claimed.
        const found = await adopt(session, connection, candidates, [])
        if (found.length > 0) return found
      }
      try {
        const rows = await send(connection)
        return mayHaveRun ? await adopt(session, connection, candidates, rows) : rows
      } catch (error) {
        return explain(session, connection, candidates, error)
      }
    })
  const machineIds = candidates.map((candidate) => candidate.machineId)
  const locks = (): Statement[] =>
    ruledProcesses.has(process) ? lockForRules(database.dialect, process, machineIds) : []
  const statement = (): Statement => claim(request, ruledProcesses.has(process))
  const send = (): Promise<readonly ClaimRow[]> =>
    run(`claim of ${process}`, async (connection) => {
      const before = locks()
      if (before.length === 0) return (await connection.query<ClaimRow & QueryResultRow>(statement())).rows
      try {
        const results = await inOneTransaction(connection, database.dialect, [waitForLocks, ...before, statement()])
        return results.at(-1)!.rows as ClaimRow[]
      } catch (error) {
        // Perhaps of a dead holder that is frozen inside a transaction, whose end a claim by rules would never reach.
        if (isLockTimeout(error)) await freeFrozen(database, connection, machineIds)
        throw error
      }
    })
  let alone = await send()
  if (alone.some((row) => row.state === 'rules')) {
    // Remembered, so that the next one need not ask: it is no harm if the rules are withdrawn.
    ruledProcesses.add(process)
    alone = await send()
  }
  // Where the statement chose an expired one it claimed nothing. Where it claimed, it chose none: what is expired here
  // stands behind what was claimed.
  const claimed = alone.some((row) => row.state === 'claimed')
  const chosen = claimed ? [] : alone.filter((row) => row.state === 'free' || row.state === 'expired').slice(0, count)
  const dead = [...new Set(chosen.filter((row) => row.state === 'expired').map((row) => row.session_id!))]
  if (dead.length === 0) {
    countClaims(session, process, alone, 'no')
    return alone
  }
  const rows = await run(`takeover of ${process}`, async (connection) => {
    const reason = `its session expired; taken over by ${session.componentName} (session ${session.id})`
    const { sessions, work, after } = await endSessions(database, connection, 'expired', dead, reason, {
      before: locks(),
      after: [statement()],
    })
    if (sessions > 0) database.logger.info('took over from expired sessions', { sessions: dead, work })
    return (after[0]?.rows ?? []) as ClaimRow[]
  })
  countClaims(session, process, rows, 'yes')
  return rows
}

function countClaims<Client extends PrismaClientLike>(
  session: SessionContext<Client>,
  process: string,
  rows: readonly ClaimRow[],
  takeover: 'yes' | 'no',
): void {
  const claimed = rows.filter((row) => row.state === 'claimed').length
  if (claimed > 0) session.database.metrics.count('bmdb_work_claimed_total', { process, takeover }, claimed)
}

/** A claim that was refused: by its own mark, by the session, or by a machine that was deleted meanwhile. */
async function explain<Client extends PrismaClientLike>(
  session: SessionContext<Client>,
  connection: ServerConnection,
  candidates: readonly Candidate[],
  error: unknown,
): Promise<readonly ClaimRow[]> {
  const refused = refusalOf(error)
  const state = sqlState(refused)
  const constraint = constraintOf(refused)
  if (state === '23503' && constraint === 'work_session_id_fkey') throw session.foundGone()
  const lost = candidates.map(({ machineId }) => lostRow(machineId))
  if (state === '23503' && constraint === 'work_machine_id_fkey') return lost
  if (state === '23505' && constraint === 'work_history_pkey') return adopt(session, connection, candidates, lost)
  throw error
}

/** After a lost answer: what stands under the marks, and is still this session's, was claimed by the earlier try. */
async function adopt<Client extends PrismaClientLike>(
  session: SessionContext<Client>,
  connection: ServerConnection,
  candidates: readonly Candidate[],
  rows: readonly ClaimRow[],
): Promise<readonly ClaimRow[]> {
  const marks = candidates.map((candidate) => candidate.historyId)
  const found = await connection.query<{ machine_id: string; token: string }>(findClaimed(session.id, marks))
  const tokens = new Map(found.rows.map((row) => [row.machine_id, row.token]))
  const rowOf = new Map(rows.map((row) => [row.machine_id, row]))
  return candidates.flatMap(({ machineId }): ClaimRow[] => {
    const token = tokens.get(machineId)
    const row = rowOf.get(machineId)
    if (token !== undefined) return [{ ...(row ?? lostRow(machineId)), state: 'claimed', token }]
    return row === undefined ? [] : [row]
  })
}

function lostRow(machineId: string): ClaimRow {
  return {
    machine_id: machineId,
    state: 'lost',
    token: null,
    process: null,
    session_id: null,
    component_name: null,
    since: null,
    until: null,
    backoff_until: null,
    backoff_cause: null,
  }
}
