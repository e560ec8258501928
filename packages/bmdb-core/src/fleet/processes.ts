import type { QueryResultRow } from 'pg'
import type { Database } from '../database/database.ts'
import { runOwn } from '../database/own-statements.ts'
import { TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import type { StoredDeclaration } from '../process/declare.ts'
import { countEligibleText } from '../sql/claimable.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'
import { mayBegin } from '../work/claimable.ts'
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
  const { rows } = await runOwn(database, limit, 'listing processes', (connection) =>
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
  const { rows } = await runOwn(database, limit, `counts of ${name}`, (connection) =>
    connection.query<Counted & QueryResultRow>({
      text: `
        SELECT ${countsText}, (SELECT count(*)::int4 FROM machine_locked_out) AS "lockedOut", q.declaration
        FROM (SELECT $1::text AS process) AS p LEFT JOIN processes AS q ON q.process = p.process`,
      values: [name],
    }),
  )
  const { declaration, ...counts } = rows[0]!
  return { ...counts, ...(await eligibleOf(prisma, name, declaration)) }
}

type Counted = Omit<ProcessCounts, 'eligible' | 'waitingSince'> & { readonly declaration: StoredDeclaration | null }

interface Counter {
  readonly machine: {
    count(query: object): Promise<number>
    findFirst(query: object): Promise<{ createdAt: Date } | null>
  }
  readonly workToken: { findFirst(query: object): Promise<{ touchedAt: Date } | null> }
  $queryRawUnsafe(query: string, ...values: unknown[]): Promise<{ eligible: bigint; since: Date | null }[]>
}

async function eligibleOf(
  prisma: PrismaClientLike,
  process: string,
  declaration: StoredDeclaration | null,
): Promise<Pick<ProcessCounts, 'eligible' | 'waitingSince'>> {
  const unknown = { eligible: null, waitingSince: null }
  if (declaration === null) return unknown
  const client = prisma as unknown as Counter
  try {
    if (declaration.sql !== undefined) {
      const [row] = await client.$queryRawUnsafe(countEligibleText(declaration.sql), process)
      return { eligible: Number(row!.eligible), waitingSince: row!.since }
    }
    const where = { AND: [declaration.where ?? {}, ...mayBegin(process)] }
    const eligible = await client.machine.count({ where })
    if (eligible === 0) return { eligible, waitingSince: null }
    const untouched = { where: { AND: [...where.AND, { workTokens: { none: { process } } }] } }
    const [first, touched] = await Promise.all([
      client.machine.findFirst({ ...untouched, orderBy: { createdAt: 'asc' }, select: { createdAt: true } }),
      client.workToken.findFirst({
        where: { process, machine: { is: where } },
        orderBy: { touchedAt: 'asc' },
        select: { touchedAt: true },
      }),
    ])
    const times = [first?.createdAt, touched?.touchedAt].filter((time) => time !== undefined)
    return { eligible, waitingSince: times.sort((one, other) => one.getTime() - other.getTime())[0] ?? null }
  } catch {
    // A condition on tables of somebody's own, which this client does not know.
    return unknown
  }
}
