import { invalid, wholeNumber } from '../arguments.ts'
import { claimableText, excludedByRulesText } from '../sql/claimable.ts'
import { processName } from './process-name.ts'

/** The `where` on machines of a client, its own relations included. */
export type MachineWhere<Tx> = Tx extends { machine: { findFirst(args?: infer Args): unknown } }
  ? NonNullable<Args> extends { where?: infer Where }
    ? Where
    : never
  : never

type MachineOrder<Tx> = Tx extends { machine: { findFirst(args?: infer Args): unknown } }
  ? NonNullable<Args> extends { orderBy?: infer Order }
    ? Order
    : never
  : never

/** What {@link claimable} takes. */
export interface ClaimableOptions<Tx> {
  /** A Prisma `where` on machines. Default: every machine. */
  readonly where?: MachineWhere<Tx> | undefined
  /**
   * Instead of a `where`: a condition in SQL, for what Prisma cannot say, on `m`, the row of `machines`. It becomes part of
   * a statement as it stands: never put into it what comes from outside the program.
   */
  readonly sql?: string | undefined
  /** A Prisma `orderBy` on machines. Default: longest untouched first, by when the process last claimed them. */
  readonly orderBy?: MachineOrder<Tx> | undefined
  /** How many at most, 1 to 1000. Default 10. */
  readonly limit?: number | undefined
}

/** How many more than are asked for are looked at, at most, where rules exclude some. */
const widestWindow = 10_000

/**
 * The ids of machines that match and on which the process may begin now, by the database's clock: not retired, not locked
 * out, not held by a live session, for it or for a process in conflict, not in backoff, not parked, not in a full failure
 * domain; none where the process is paused. Machines of dead holders are among them: claiming them takes them over.
 *
 * @param tx - the transaction client that `retrieve` got
 * @throws InvalidArgumentError for a limit or a process out of range
 */
export async function claimable<Tx extends object>(
  tx: Tx,
  process: string,
  options: ClaimableOptions<Tx> = {},
): Promise<string[]> {
  processName(process)
  const limit = wholeNumber('limit', options.limit ?? 10, 1, 1_000)
  const client = tx as unknown as Reader
  const { where, orderBy, sql } = options
  if (sql !== undefined && (where !== undefined || orderBy !== undefined))
    invalid('sql', sql, 'given without `where` and `orderBy`')
  if (where === undefined && orderBy === undefined) {
    const rows = await client.$queryRawUnsafe(claimableText(sql ?? 'true', limit), process)
    return rows.map((row) => row.machine_id)
  }
  const asking = client.process.findFirst({ where: { process }, select: { pausedAt: true, hasRules: true } })
  const finding = matching(client, process, where ?? {}, orderBy, limit)
  const [asked, found] = await Promise.all([asking, finding])
  if (asked !== null && asked.pausedAt !== null) return []
  if (asked?.hasRules !== true) return found
  let ids = found
  for (let window = limit; ;) {
    const allowed = await allowedByRules(client, process, ids)
    // Where fewer were found than were looked for there are no more.
    if (allowed.length >= limit || ids.length < window || window === widestWindow) return allowed.slice(0, limit)
    window = Math.min(widestWindow, window * 10)
    ids = await matching(client, process, where ?? {}, orderBy, window)
  }
}

/** What Prisma asks of a machine besides the process's own condition, without what the rules of the process say. */
export function mayBegin(process: string): object[] {
  return [
    { retiredAt: null },
    { lockOut: null },
    { heldWork: { none: { process } } },
    { activeBackoffs: { none: { process } } },
  ]
}

/** Machines that match, whatever the rules say: in the caller's order, or those untouched for longest first. */
async function matching(
  client: Reader,
  process: string,
  where: object,
  orderBy: unknown,
  limit: number,
): Promise<string[]> {
  const all = [where, ...mayBegin(process)]
  if (orderBy !== undefined) {
    const query = { where: { AND: all }, orderBy, take: limit, select: { id: true } }
    return (await client.machine.findMany(query)).map((machine) => machine.id)
  }
  const untouched = await client.machine.findMany({
    where: { AND: [...all, { workTokens: { none: { process } } }] },
    orderBy: { createdAt: 'asc' },
    take: limit,
    select: { id: true },
  })
  const ids = untouched.map((machine) => machine.id)
  if (ids.length === limit) return ids
  const touched = await client.workToken.findMany({
    where: { process, machine: { is: { AND: all } } },
    orderBy: { touchedAt: 'asc' },
    take: limit - ids.length,
    select: { machineId: true },
  })
  return [...ids, ...touched.map((one) => one.machineId)]
}

async function allowedByRules(client: Reader, process: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await client.$queryRawUnsafe(excludedByRulesText, process, ids)
  const excluded = new Set(rows.map((row) => row.machine_id))
  return ids.filter((id) => !excluded.has(id))
}

/** The models that are asked, and the way around them. */
interface Reader {
  $queryRawUnsafe(query: string, ...values: unknown[]): Promise<{ machine_id: string }[]>
  readonly machine: { findMany(query: object): Promise<{ id: string }[]> }
  readonly process: { findFirst(query: object): Promise<{ pausedAt: Date | null; hasRules: boolean } | null> }
  readonly workToken: { findMany(query: object): Promise<{ machineId: string }[]> }
}
