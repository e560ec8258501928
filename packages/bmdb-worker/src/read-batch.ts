import type { Connection, PrismaClientLike, Work } from '@bmdb/core'
import type { Process } from './process.ts'

/** A claimed machine, ready for its run. */
export interface ReadyWork<Client extends PrismaClientLike> {
  readonly work: Work<Client>
  readonly machine: unknown
  readonly attempt: number
}

/** Reads the machines that were claimed together, with what the process includes, and how often it failed on them. */
export async function readBatch<Client extends PrismaClientLike>(
  connection: Connection<Client>,
  process: Process<Client>,
  work: readonly Work<Client>[],
): Promise<ReadyWork<Client>[]> {
  const prisma = connection.prisma as unknown as Reader
  const machineIds = work.map((one) => one.machineId)
  const [machines, failures] = await Promise.all([
    prisma.machine.findMany({
      where: { id: { in: machineIds } },
      ...(process.include === undefined ? {} : { include: process.include }),
    }),
    prisma.workBackoff.findMany({
      where: { process: process.name, machineId: { in: machineIds } },
      select: { machineId: true, attempts: true },
    }),
  ])
  const machineOf = new Map(machines.map((machine) => [machine.id, machine]))
  const attemptsOf = new Map(failures.map((row) => [row.machineId, Number(row.attempts)]))
  return work.map((one) => ({
    work: one,
    // Machines that are held cannot be deleted.
    machine: machineOf.get(one.machineId),
    attempt: (attemptsOf.get(one.machineId) ?? 0) + 1,
  }))
}

interface Reader {
  readonly machine: { findMany(query: object): Promise<{ id: string }[]> }
  readonly workBackoff: { findMany(query: object): Promise<{ machineId: string; attempts: bigint }[]> }
}
