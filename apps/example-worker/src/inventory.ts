import { claimable, isBMDBError, type Prisma, type PrismaClient, type Session, type Work } from '@bmdb/core'
import { readHardware } from './redfish/read-hardware.ts'
import type { WorkerOptions } from './worker-options.ts'

/** The name of this kind of work. */
export const hardwareInventory = 'HardwareInventory'

// A BMC that does not answer now will hardly do so in a second; after some failures, an hour is soon enough.
const backoff = { initialSeconds: 10, exponent: 2, maximumSeconds: 3600, jitter: true }

/**
 * Takes the inventory of one machine that needs it.
 * @returns false when there is none
 */
export async function inventory(
  session: Session<PrismaClient>,
  options: WorkerOptions,
  drained: AbortSignal,
): Promise<boolean> {
  const { connection, settings, redfishPassword, log, signal } = options
  const { maxAgeSeconds } = settings
  const work = await session.startWork(
    hardwareInventory,
    async (tx) => {
      const missing: Prisma.MachineWhereInput[] = [{ hardwareReport: null }]
      if (maxAgeSeconds !== undefined) {
        // By the database's clock, which also dated the reports.
        const [row] = await tx.$queryRaw<
          { then: Date }[]
        >`SELECT now() - ${maxAgeSeconds}::int8 * interval '1 second' AS then`
        missing.push({ hardwareReport: { is: { reportedAt: { lt: row!.then } } } })
      }
      return claimable(tx, hardwareInventory, { where: { bmc: { isNot: null }, OR: missing } })
    },
    { signal },
  )
  if (work === null) return false
  // Given back at the end, if for any reason nothing below could end it.
  await using _held = work
  try {
    const bmc = await connection.prisma.bmc.findUniqueOrThrow({ where: { machineId: work.machineId } })
    const report = await readHardware(bmc.address, {
      username: settings.redfishUsername,
      password: redfishPassword,
      insecureTls: settings.insecureTls,
      timeoutMs: settings.timeoutSeconds * 1000,
      signal: AbortSignal.any([work.signal, drained]),
    })
    await work.finish(async (tx) => {
      // Written anew rather than updated, so that the database dates it.
      await tx.hardwareReport.deleteMany({ where: { machineId: work.machineId } })
      await tx.hardwareReport.create({
        data: { machineId: work.machineId, report: report as unknown as Prisma.InputJsonObject },
      })
    })
    log.info('inventoried', {
      machine: work.machineId,
      bmc: bmc.address,
      model: report.model,
      token: String(work.token),
    })
  } catch (error) {
    await endBadly(work, error, options, drained)
  }
  return true
}

async function endBadly(
  work: Work<PrismaClient>,
  error: unknown,
  { log }: WorkerOptions,
  drained: AbortSignal,
): Promise<void> {
  const machine = { machine: work.machineId, token: String(work.token) }
  if (work.signal.aborted || isBMDBError(error, 'ERR_WORK_LOST') || isBMDBError(error, 'ERR_SESSION_EXPIRED')) {
    const reason = work.signal.aborted ? (work.signal.reason as Error) : (error as Error)
    log.warn('lost the machine: nothing was committed', { ...machine, reason: reason.message })
  } else if (isBMDBError(error, 'ERR_COMMIT_OUTCOME_UNKNOWN')) {
    log.error('whether the report was committed is not known', { ...machine, error: error.message })
  } else if (drained.aborted) {
    await work.cancel()
    log.info('cancelled, since the program stops', machine)
  } else {
    await work.fail(error, backoff)
    log.warn('the inventory failed', { ...machine, cause: (error as Error).message })
  }
}
