import { readCollection } from './collection.ts'
import type { Reading } from './reading.ts'
import type { FirmwareReport } from './report.ts'
import { idOf, link, text, type Resource } from './resource.ts'

/** The firmware inventory of the update service; empty where the BMC has none. */
export async function readFirmware(reading: Reading, root: Resource): Promise<readonly FirmwareReport[]> {
  const service = await reading.follow(link(root, 'UpdateService'))
  const inventory = await readCollection(reading, service && link(service, 'FirmwareInventory'))
  return inventory.map((item) => ({ id: idOf(item), name: text(item, 'Name'), version: text(item, 'Version') }))
}
