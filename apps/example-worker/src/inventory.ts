import type { Prisma } from '@bmdb/core'
import { defineProcess } from '@bmdb/worker'
import { backoff } from './bmc-access.ts'
import type { ReadOptions } from './redfish/read-bmc.ts'
import { readHardware } from './redfish/read-hardware.ts'

/**
 * Takes hardware inventory of machines with a BMC that have none.
 * @param maxAgeSeconds - takes it again when the last one is older
 */
export function hardwareInventory(access: ReadOptions, maxAgeSeconds: number | undefined) {
  return defineProcess({
    name: 'HardwareInventory',
    eligible:
      maxAgeSeconds === undefined ? { bmc: { isNot: null }, hardwareReport: null } : { sql: older(maxAgeSeconds) },
    include: { bmc: true },
    backoff,
    async run({ machine, signal, log }) {
      const { address } = machine.bmc!
      const report = await readHardware(address, { ...access, signal })
      log.info('read the hardware', { bmc: address, model: report.model })
      return async (tx) => {
        // Written anew rather than updated, so that the database dates it.
        await tx.hardwareReport.deleteMany({ where: { machineId: machine.id } })
        await tx.hardwareReport.create({
          data: { machineId: machine.id, report: report as unknown as Prisma.InputJsonObject },
        })
      }
    },
  })
}

/** By the database's clock, which also dated the reports: a Prisma `where` cannot say that. */
function older(maxAgeSeconds: number): string {
  return `
    EXISTS (SELECT 1 FROM machine_bmc AS b WHERE b.machine_id = m.machine_id)
    AND NOT EXISTS (SELECT 1 FROM machine_hardware_report AS r
                    WHERE r.machine_id = m.machine_id
                      AND r.hardware_reported_at >= now() - ${maxAgeSeconds} * interval '1 second')`
}
