import { v4 as newId } from 'uuid'
import { text } from '../arguments.ts'
import { constraintOf, sqlState } from '../database/database-error.ts'
import type { Database } from '../database/database.ts'
import { inOneTransaction, readOwn, refusalOf, runOwn } from '../database/own-statements.ts'
import type { ServerConnection, Statement } from '../database/server-connection.ts'
import { MachineNotFoundError, TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import { lockOutClaims } from '../sql/claim-rules.ts'
import { wakeUp } from '../sql/wake-up.ts'
import { findAct, findMachine, type Act } from '../sql/operators.ts'

/** Options of everything that an operator does. */
export interface ActOptions extends WaitOptions {
  /** Why, 1 to 500 characters: kept in the history beside who. */
  readonly reason: string
}

/**
 * How long an act waits for claims and rows before it lets others pass and begins anew: claims queue behind it meanwhile,
 * and one of them may itself be waiting for somebody. Each fifth try waits longer than the server takes to end an
 * autovacuum that is in the way (`deadlock_timeout`, a second).
 */
export function lockWait(attempt: number): Statement {
  return { text: `SET LOCAL lock_timeout = ${attempt % 5 === 0 ? 1_200 : 100}` }
}

/** What an act is about, before it has its mark. */
export type Doing = Omit<Act, 'historyId' | 'operator' | 'reason'>

/** Who acts, on which database. */
export interface Acting {
  readonly database: Database
  readonly operator: string
}

/** Completes an act: who, why, and a mark of its own. */
export function newAct(acting: Acting, doing: Doing, options: ActOptions): Act {
  return { ...doing, historyId: newId(), operator: acting.operator, reason: text('reason', options?.reason, 500) }
}

/**
 * Does one act in a transaction, once, whatever becomes of answers.
 * @param restricting - it binds claims: waits for those under way, so that none of them comes after it
 * @returns false if there was nothing to change
 */
export async function perform(
  acting: Acting,
  what: Act,
  statement: Statement,
  restricting: boolean,
  options: WaitOptions,
): Promise<boolean> {
  const { dialect } = acting.database
  // What lets processes begin wakes runners, once it is committed.
  const locks = restricting ? lockOutClaims(dialect, what) : wakeUp(dialect)
  return once(acting.database, what, options, async (connection, attempt) => {
    const results = await inOneTransaction(connection, dialect, [lockWait(attempt), ...locks, statement])
    return (results.at(-1)!.rows as { done: boolean }[])[0]?.done === true
  })
}

/** Runs what writes an act's history row: where an answer was lost, its mark tells whether it was done. */
export async function once(
  database: Database,
  what: Act,
  options: WaitOptions,
  send: (connection: ServerConnection, attempt: number) => Promise<boolean>,
): Promise<boolean> {
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError(what.action, ms))
  let attempt = 0
  return await runOwn(database, limit, what.action, async (connection, { mayHaveRun }) => {
    attempt += 1
    const wasDone = async (): Promise<boolean> =>
      mayHaveRun && (await connection.query(findAct(what.historyId))).rowCount === 1
    try {
      // Where it finds nothing to change, the try before, which it may have waited for, has changed it; where it does find
      // something, its mark is there already, and nothing is written.
      return (await send(connection, attempt)) || (await wasDone())
    } catch (error) {
      const refused = refusalOf(error)
      if (sqlState(refused) === '23505' && constraintOf(refused) === 'operator_history_pkey') return true
      throw error
    }
  })
}

/** @throws MachineNotFoundError */
export async function assertMachine(database: Database, machineId: string, options: WaitOptions): Promise<void> {
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError('looking for the machine', ms))
  const { rowCount } = await readOwn(database, limit, 'looking for the machine', (connection) =>
    connection.query(findMachine(machineId)),
  )
  if (rowCount === 0) throw new MachineNotFoundError(machineId)
}
