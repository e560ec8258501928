import type { QueryResultRow } from 'pg'
import { uuid } from '../arguments.ts'
import { orAbort } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { readOwn } from '../database/own-statements.ts'
import { messageOf, TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import type { StoredDeclaration } from '../process/declare.ts'
import { explainRow, type ExplainRow, type HolderJson } from '../sql/explain.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'
import { blockedFact } from '../work/blocked.ts'
import { processName } from '../work/process-name.ts'

/** One condition that decides whether a process may begin on a machine. */
export interface Condition {
  /**
   * `known`, `in service`, `not locked out`, `not paused`, `not held`, `no conflict`, `not parked`, `not in backoff`,
   * `room in failure domains`, and of what was declared one `needed: …` for each part.
   */
  readonly condition: string
  /** Null where it cannot be judged here, such as a declared condition on tables that this program does not know. */
  readonly holds: boolean | null
  /** What it rests on, in words. */
  readonly fact: string
}

/** Why a process may or may not begin on a machine now. */
export interface Explanation {
  readonly machineId: string
  readonly process: string
  /** True if every condition holds; null if all others do and one cannot be judged here. */
  readonly eligible: boolean | null
  readonly conditions: readonly Condition[]
}

/** Explains; reads only. */
export async function explain(
  database: Database,
  prisma: PrismaClientLike,
  machineId: string,
  process: string,
  options: WaitOptions = {},
): Promise<Explanation> {
  const id = uuid('machineId', machineId)
  const name = processName(process)
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError('explaining', ms))
  const row = await readOwn(database, limit, 'explaining', async (connection) => {
    const { rows } = await connection.query<ExplainRow & QueryResultRow>(explainRow(id, name))
    return rows[0]!
  })
  const known: Condition = {
    condition: 'known',
    holds: row.known,
    fact: row.known ? `it was registered at ${row.created_at!.toISOString()}` : 'there is no such machine',
  }
  const judge = (part: string, ask: () => Promise<boolean>): Promise<Condition> => judged(database, limit, part, ask)
  const conditions = row.known
    ? [
        known,
        ...rulesOf(row, name),
        ...(await neededOf(prisma, id, row.declaration as StoredDeclaration | null, judge)),
      ]
    : [known]
  return { machineId: id, process: name, eligible: allOf(conditions), conditions }
}

function allOf(conditions: readonly Condition[]): boolean | null {
  if (conditions.some(({ holds }) => holds === false)) return false
  return conditions.every(({ holds }) => holds === true) ? true : null
}

/** The conditions that BMDB itself has, as the claiming statement judges them. */
function rulesOf(row: ExplainRow, process: string): Condition[] {
  const own = row.holders.find((holder) => holder.process === process)
  const others = row.holders.filter((holder) => holder.process !== process)
  return [
    { condition: 'in service', holds: row.retired_at === null, fact: blockedFact(row, 'retired').fact },
    {
      condition: 'not locked out',
      holds: row.locked_out_at === null || row.lock_out_over === true,
      fact: blockedFact(row, 'locked out').fact,
    },
    { condition: 'not paused', holds: row.paused_at === null, fact: blockedFact(row, 'paused').fact },
    { condition: 'not held', holds: own?.alive !== true, fact: own === undefined ? 'nobody holds it' : heldFact(own) },
    {
      condition: 'no conflict',
      holds: !others.some((holder) => holder.alive),
      fact: others.length === 0 ? 'no process in conflict holds it' : others.map(heldFact).join('; '),
    },
    { condition: 'not parked', holds: row.parked_at === null, fact: blockedFact(row, 'parked').fact },
    {
      condition: 'not in backoff',
      holds: row.backoff_until === null || row.backoff_over === true,
      fact: backoffFact(row),
    },
    {
      condition: 'room in failure domains',
      holds: row.domains.every(({ held, maximum }) => held < maximum),
      fact: blockedFact(row, 'failure domain').fact,
    },
  ]
}

function heldFact(holder: HolderJson): string {
  const since = new Date(holder.since).toISOString()
  const until = new Date(holder.until).toISOString()
  const alive = holder.alive
    ? `its session's deadline is ${until}`
    : `its session expired at ${until}, so that it can be taken over`
  return `${holder.process} is held by ${holder.component} (session ${holder.session}, token ${holder.token}) since ${since}; ${alive}`
}

function backoffFact(row: ExplainRow): string {
  if (row.backoff_until === null) return 'it has not failed since the last success'
  const end = `${row.backoff_over === true ? 'was over at' : 'until'} ${row.backoff_until.toISOString()}`
  // Snoozed, or set by an operator.
  if (row.attempts === '0') return `${end}: ${row.backoff_cause}`
  const failures = `${row.attempts} failure${row.attempts === '1' ? '' : 's'} since the last success`
  return `${end}, ${failures}; the last cause: ${row.backoff_cause}`
}

/** What the declaration asks of the machine, part by part. */
async function neededOf(
  prisma: PrismaClientLike,
  machineId: string,
  declaration: StoredDeclaration | null,
  judge: Judge,
): Promise<Condition[]> {
  if (declaration?.sql !== undefined) return [await neededSql(prisma, machineId, declaration.sql, judge)]
  const where = declaration?.where
  if (typeof where !== 'object' || where === null) return []
  return Promise.all(
    Object.entries<unknown>(where as Record<string, unknown>).map(([key, value]) =>
      neededWhere(prisma, machineId, { [key]: value }, judge),
    ),
  )
}

type Judge = (part: string, ask: () => Promise<boolean>) => Promise<Condition>

async function neededWhere(
  prisma: PrismaClientLike,
  machineId: string,
  where: object,
  judge: Judge,
): Promise<Condition> {
  const { machine } = prisma as unknown as { machine: { count(query: object): Promise<number> } }
  return judge(JSON.stringify(where), async () => {
    return (await machine.count({ where: { AND: [{ id: machineId }, where] } })) > 0
  })
}

async function neededSql(prisma: PrismaClientLike, machineId: string, sql: string, judge: Judge): Promise<Condition> {
  const raw = prisma as unknown as { $queryRawUnsafe(query: string, ...values: unknown[]): Promise<unknown[]> }
  return judge(sql, async () => {
    const query = `SELECT 1 FROM machines AS m WHERE m.machine_id = $1::uuid AND (${sql})`
    return (await raw.$queryRawUnsafe(query, machineId)).length > 0
  })
}

async function judged(database: Database, limit: Limit, part: string, ask: () => Promise<boolean>): Promise<Condition> {
  const condition = `needed: ${part}`
  try {
    const holds = await orAbort(ask(), limit.signal)
    return { condition, holds, fact: holds ? 'it is so' : 'it is not so' }
  } catch (error) {
    await assertAnswers(database, limit)
    const lines = messageOf(error).trim().split('\n')
    return { condition, holds: null, fact: `it cannot be judged here: ${lines.at(-1)}` }
  }
}

/** Where the database does not answer, that is the error, and not what was asked. */
export async function assertAnswers(database: Database, limit: Limit): Promise<void> {
  limit.signal.throwIfAborted()
  await readOwn(database, limit, 'asking whether the database answers', (connection) =>
    connection.query({ text: 'SELECT 1' }),
  )
}
