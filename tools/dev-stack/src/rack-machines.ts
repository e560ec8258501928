import type { PrismaClient, Session } from '@bmdb/core'
import type { Rack } from '@bmdb/bmc-simulator'
import { v5 as uuidOf } from 'uuid'

const namespace = '9f6e6f3c-6b0f-4a53-9c53-2d5f6a5f0d11'

/**
 * Registers the rack's BMCs as machines. A BMC is the same machine at every start: its id follows from the seed and its
 * place. Earlier reports of these machines are removed, so that their inventory can be watched again; machines of an
 * earlier, larger rack lose their BMC.
 * @returns the machines' ids, in the rack's order
 */
export async function registerRack(session: Session<PrismaClient>, rack: Rack, seed: string): Promise<string[]> {
  return session.transact(async (tx) => {
    const ids = rack.bmcs.map((_, index) => uuidOf(`${seed} ${index}`, namespace))
    await tx.bmc.deleteMany({ where: { address: { startsWith: 'http://127.0.0.1:' } } })
    await tx.hardwareReport.deleteMany({ where: { machineId: { in: ids } } })
    await tx.workBackoff.deleteMany({ where: { machineId: { in: ids } } })
    await tx.machine.createMany({ data: ids.map((id) => ({ id })), skipDuplicates: true })
    await tx.bmc.createMany({ data: rack.bmcs.map((bmc, index) => ({ machineId: ids[index]!, address: bmc.url })) })
    return ids
  })
}
