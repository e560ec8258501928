import { v4 as newId } from 'uuid'
import { invalid, uuid } from '../arguments.ts'
import type { Limit } from '../limit.ts'
import type { SessionContext } from '../session/session-context.ts'
import { seenTokensText, type Candidate } from '../sql/claim.ts'
import type { PrismaClientLike, TransactionClient } from '../transaction/prisma-seam.ts'
import { runTransaction } from '../transaction/transaction.ts'

/**
 * Which machines to claim, in order of preference: their ids, or a function that finds them with Prisma. What the
 * function saw is judged again when the machine is claimed, so it need not lock anything. It may run several times for one
 * claim, and its transaction is READ ONLY.
 */
export type Retrieve<Client> =
  ((tx: TransactionClient<Client>) => Promise<readonly string[]> | readonly string[]) | readonly string[]

/**
 * Runs `retrieve`, and remembers of each machine the last token, and whether it was held, as its transaction saw them: a
 * claim that finds it otherwise knows that somebody worked on the machine since, and looks anew.
 */
export async function retrieveCandidates<Client extends PrismaClientLike>(
  session: SessionContext<Client>,
  process: string,
  retrieve: Retrieve<Client>,
  limit: Limit,
): Promise<readonly Candidate[]> {
  if (typeof retrieve !== 'function')
    return distinct(retrieve).map((machineId) => ({ machineId, seenToken: null, seenHeld: null, historyId: newId() }))
  const { database, client } = session
  return runTransaction(
    { database, client, guard: undefined, readOnly: true, signals: [limit.signal], what: 'retrieve' },
    async (tx) => {
      const found = await retrieve(tx)
      if (!Array.isArray(found)) invalid('what retrieve returned', found, 'an array of machine ids')
      const ids = distinct(found as readonly string[])
      if (ids.length === 0) return []
      const rows = await (tx as unknown as RawReader).$queryRawUnsafe(seenTokensText, process, ids)
      const seen = new Map(rows.map((row) => [row.machine_id, row]))
      return ids.map((machineId) => ({
        machineId,
        seenToken: BigInt(seen.get(machineId)?.token ?? 0),
        seenHeld: seen.get(machineId)?.held ?? false,
        historyId: newId(),
      }))
    },
    { timeoutMs: Math.max(1, limit.remainingMs()) },
  )
}

function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids.map((id, index) => uuid(`machine id ${index} of retrieve`, id)))]
}

interface RawReader {
  $queryRawUnsafe(query: string, ...values: unknown[]): Promise<{ machine_id: string; token: string; held: boolean }[]>
}
