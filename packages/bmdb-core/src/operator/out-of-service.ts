import { sleep } from '../clock.ts'
import { constraintOf, sqlState } from '../database/database-error.ts'
import { readOwn, refusalOf, runOwn } from '../database/own-statements.ts'
import { MachineNotFoundError, TransactionTimeoutError, WorkConflictError, type Holder } from '../errors.ts'
import { Limit } from '../limit.ts'
import { retryDelayMs } from '../retry-delay.ts'
import { endSessions } from '../session/end-sessions.ts'
import { act, findHolders, findMachine } from '../sql/operators.ts'
import { newAct, perform, type Acting, type ActOptions } from './acting.ts'

/**
 * Retires or deletes a machine, unless somebody who is alive holds it. Work of dead holders is ended first: the machine's
 * row cannot go before it.
 *
 *     looking ──held by the living──▶ refused
 *        ├── held by the dead ──they are ended──▶ looking
 *        └── free ──▶ done; or claimed, or its holder died, in between ──▶ looking
 */
export async function takeOutOfService(
  acting: Acting,
  machineId: string,
  action: 'retire' | 'delete machine',
  change: string,
  options: ActOptions,
): Promise<boolean> {
  const { database } = acting
  const what = newAct(acting, { action, machineId }, options)
  const statement = act(action.replace(' ', '_'), what, change)
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError(action, ms))
  for (let attempt = 1; ; attempt++) {
    const holders = await holdersOf(acting, machineId, limit)
    const living = holders.find((holder) => holder.alive)
    if (living !== undefined) throw new WorkConflictError(machineId, living.process, living)
    if (holders.length > 0)
      await runOwn(database, limit, 'ending expired sessions', async (connection) => {
        const sessions = holders.map((holder) => holder.session)
        await endSessions(database, connection, 'expired', sessions, 'its session expired; the machine was taken out')
      })
    try {
      const left = { signal: limit.signal, timeoutMs: Math.max(1, limit.remainingMs()) }
      if (await perform(acting, what, statement, true, left)) return true
    } catch (error) {
      if (!isHeldByTheDead(error)) throw error
    }
    const { rows } = await readOwn(database, limit, 'looking for the machine', (connection) =>
      connection.query<{ retired: boolean }>(findMachine(machineId)),
    )
    if (rows[0] === undefined) throw new MachineNotFoundError(machineId)
    if (action === 'retire' && rows[0].retired) return false
    await sleep(retryDelayMs(attempt), limit.signal)
  }
}

type FoundHolder = Holder & { readonly process: string; readonly alive: boolean }

async function holdersOf({ database }: Acting, machineId: string, limit: Limit): Promise<readonly FoundHolder[]> {
  const { rows } = await readOwn(database, limit, 'looking for holders', (connection) =>
    connection.query<FoundHolder & { [column: string]: unknown }>(findHolders(machineId)),
  )
  return rows
}

/** Its holder died after it was looked at: the row of work keeps the machine's. */
function isHeldByTheDead(error: unknown): boolean {
  const refused = refusalOf(error)
  return sqlState(refused) === '23503' && constraintOf(refused) === 'work_machine_id_fkey'
}
