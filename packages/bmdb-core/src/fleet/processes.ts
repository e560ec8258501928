import type { QueryResultRow } from 'pg'
import { orAbort } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { readOwn } from '../database/own-statements.ts'
import { TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import { assertAnswers } from './explain.ts'
import type { StoredDeclaration } from '../process/declare.ts'
import { allExcludedByRules, countEligibleText } from '../sql/claimable.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'
import { claimable, mayBegin } from '../work/claimable.ts'
import { processName } from '../work/process-name.ts'

/** A process that was declared, was paused, or is at work. */
export interface ProcessRow {
  readonly process: string
  readonly declaredBy: string | null
  readonly pausedAt: Date | null
  readonly pausedBy: string | null
  readonly pausedReason: string | null
  readonly conflictsWith: readonly string[]
  readonly failureDomains: Readonly<Record<string, number>>
  /** Machines it holds, holders alive; in backoff; parked. */
  readonly held: number
  readonly backoff: number
  readonly parked: number
}

/** How a process's machines stand. */
export interface ProcessCounts {
  /** On which it may begin now; null where it was declared with a condition that this program cannot judge, or not at all. */
  readonly eligible: number | null
  readonly held: number
  readonly backoff: number
  readonly parked: number
  /** Machines under a lock-out, whatever the process. */
  readonly lockedOut: number
  /** Since when the machine that is eligible for longest was not touched. */
  readonly waitingSince: Date | null
}

const countsText = `
  (SELECT count(*)::int4 FROM work_held AS h WHERE h.process = p.process) AS held,
  (SELECT count(*)::int4 FROM work_backoff AS b
   WHERE b.process = p.process AND b.parked_at IS NULL AND b.until > now()) AS backoff,
  (SELECT count(*)::int4 FROM work_backoff AS b WHERE b.process = p.process AND b.parked_at IS NOT NULL) AS parked`

/** All processes that the database knows of, by name. */
export async function listProcesses(database: Database, options: WaitOptions = {}): Promise<ProcessRow[]> {
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError('listing processes', ms))
  const { rows } = await readOwn(database, limit, 'listing processes', (connection) =>
    connection.query<ProcessRow & QueryResultRow>({
      text: `
        SELECT p.process, q.declared_by AS "declaredBy", q.paused_at AS "pausedAt", q.paused_by AS "pausedBy",
               q.paused_reason AS "pausedReason",
               coalesce((SELECT json_agg(c.conflicts_with ORDER BY c.conflicts_with) FROM process_conflicts AS c
                         WHERE c.process = p.process), '[]'::json) AS "conflictsWith",
               coalesce((SELECT json_object_agg(r.kind, r.maximum) FROM process_domain_limits AS r
                         WHERE r.process = p.process), '{}'::json) AS "failureDomains",
               ${countsText}
        FROM (SELECT process FROM processes UNION SELECT process FROM work
              UNION SELECT process FROM work_backoff) AS p
        LEFT JOIN processes AS q ON q.process = p.process
        ORDER BY p.process`,
    }),
  )
  return rows
}

/** How the machines of one process stand, by the definition that claims and explanations use. */
export async function countProcess(
  database: Database,
  prisma: PrismaClientLike,
  process: string,
  options: WaitOptions = {},
): Promise<ProcessCounts> {
  const name = processName(process)
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError(`counts of ${name}`, ms))
  const [{ rows }, rules] = await readOwn(database, limit, `counts of ${name}`, (connection) =>
    Promise.all([
      connection.query<Counted & QueryResultRow>({
        text: `
        SELECT ${countsText}, (SELECT count(*)::int4 FROM machine_locked_out) AS "lockedOut", q.declaration,
               q.paused_at IS NOT NULL AS paused
        FROM (SELECT $1::text AS process) AS p LEFT JOIN processes AS q ON q.process = p.process`,
        values: [name],
      }),
      connection.query<{ machine_id: string }>(allExcludedByRules(name)),
    ]),
  )
  const excluded = rules.rows.map((row) => row.machine_id)
  const { declaration, paused, ...counts } = rows[0]!
  if (paused) return { ...counts, eligible: 0, waitingSince: null }
  return {
    ...counts,
    ...(await eligibleOrUnknown(database, limit, () => eligibleOf(prisma, name, declaration, excluded))),
  }
}

type Counted = Omit<ProcessCounts, 'eligible' | 'waitingSince'> & {
  readonly declaration: StoredDeclaration | null
  readonly paused: boolean
}

/** Ids in one list of a statement: PostgreSQL takes 65 535 values. */
const mostInOneList = 10_000

interface Counter {
  readonly machine: {
    count(query: object): Promise<number>
    findUnique(query: object): Promise<{ createdAt: Date; workTokens: { touchedAt: Date }[] } | null>
  }
  $queryRawUnsafe(query: string, ...values: unknown[]): Promise<{ eligible: bigint; since: Date | null }[]>
}

const unknown = { eligible: null, waitingSince: null }

/** Null for a condition on tables of somebody's own, which this client does not know. */
async function eligibleOrUnknown(
  database: Database,
  limit: Limit,
  ask: () => Promise<Pick<ProcessCounts, 'eligible' | 'waitingSince'>>,
): Promise<Pick<ProcessCounts, 'eligible' | 'waitingSince'>> {
  try {
    return await orAbort(ask(), limit.signal)
  } catch {
    await assertAnswers(database, limit)
    return unknown
  }
}

async function eligibleOf(
  prisma: PrismaClientLike,
  process: string,
  declaration: StoredDeclaration | null,
  excluded: readonly string[],
): Promise<Pick<ProcessCounts, 'eligible' | 'waitingSince'>> {
  if (declaration === null) return unknown
  const client = prisma as unknown as Counter
  if (declaration.sql !== undefined) {
    const [row] = await client.$queryRawUnsafe(countEligibleText(declaration.sql), process)
    return { eligible: Number(row!.eligible), waitingSince: row!.since }
  }
  const needed = declaration.where ?? {}
  const all = [needed, ...mayBegin(process)]
  // What the rules exclude is taken off: it is little, or the process has none.
  let eligible = await client.machine.count({ where: { AND: all } })
  for (let first = 0; first < excluded.length; first += mostInOneList)
    eligible -= await client.machine.count({
      where: { AND: [{ id: { in: excluded.slice(first, first + mostInOneList) } }, ...all] },
    })
  const [first] = eligible === 0 ? [] : await claimable(prisma, process, { where: needed as never, limit: 1 })
  if (first === undefined) return { eligible, waitingSince: null }
  const machine = await client.machine.findUnique({
    where: { id: first },
    select: { createdAt: true, workTokens: { where: { process }, select: { touchedAt: true } } },
  })
  return { eligible, waitingSince: machine?.workTokens[0]?.touchedAt ?? machine?.createdAt ?? null }
}
