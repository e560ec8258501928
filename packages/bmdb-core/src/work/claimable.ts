import { invalid, wholeNumber } from '../arguments.ts'
import { claimableText } from '../sql/claimable.ts'
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

/**
 * The ids of machines that match and on which the process may begin now, by the database's clock: not retired, not locked
 * out, and with no row in `work_excluded` (held by a live session, for it or for a process in conflict; in backoff; parked;
 * paused; in a full failure domain). Machines of dead holders are among them: claiming them takes them over.
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
  if (options.sql !== undefined) {
    if (options.where !== undefined || options.orderBy !== undefined)
      invalid('sql', options.sql, 'given without `where` and `orderBy`')
    const rows = await client.$queryRawUnsafe(claimableText(options.sql, limit), process)
    return rows.map((row) => row.machine_id)
  }
  const matching = { AND: [options.where ?? {}, ...mayBegin(process)] }
  if (options.orderBy !== undefined) {
    const machines = await client.machine.findMany({
      where: matching,
      orderBy: options.orderBy,
      take: limit,
      select: { id: true },
    })
    return machines.map((machine) => machine.id)
  }
  const untouched = await client.machine.findMany({
    where: { AND: [...matching.AND, { workTokens: { none: { process } } }] },
    orderBy: { createdAt: 'asc' },
    take: limit,
    select: { id: true },
  })
  const ids = untouched.map((machine) => machine.id)
  if (ids.length === limit) return ids
  const touched = await client.workToken.findMany({
    where: { process, machine: { is: matching } },
    orderBy: { touchedAt: 'asc' },
    take: limit - ids.length,
    select: { machineId: true },
  })
  return [...ids, ...touched.map((one) => one.machineId)]
}

/** What Prisma asks of a machine besides the process's own condition. */
export function mayBegin(process: string): object[] {
  return [{ retiredAt: null }, { lockOut: null }, { exclusions: { none: { process } } }]
}

/** The two models that are asked, and the way around them. */
interface Reader {
  $queryRawUnsafe(query: string, ...values: unknown[]): Promise<{ machine_id: string }[]>
  readonly machine: { findMany(query: object): Promise<{ id: string }[]> }
  readonly workToken: { findMany(query: object): Promise<{ machineId: string }[]> }
}
