import { readCollection } from './collection.ts'
import type { Reading } from './reading.ts'
import type { MemoryModuleReport, MemoryReport } from './report.ts'
import { amount, healthOf, idOf, link, part, text, type Resource } from './resource.ts'

export async function readMemory(reading: Reading, system: Resource): Promise<MemoryReport> {
  const modules = (await readCollection(reading, link(system, 'Memory'))).map(moduleReport)
  return { totalGiB: sum(modules) ?? amount(part(system, 'MemorySummary'), 'TotalSystemMemoryGiB'), modules }
}

/** Null if there is no module, or one of unknown size: half a sum would look like a whole one. */
function sum(modules: readonly MemoryModuleReport[]): number | null {
  if (modules.length === 0) return null
  return modules.reduce<number | null>((total, { sizeGiB }) => {
    return total === null || sizeGiB === null ? null : total + sizeGiB
  }, 0)
}

function moduleReport(module: Resource): MemoryModuleReport {
  const sizeMiB = amount(module, 'CapacityMiB')
  return {
    id: idOf(module),
    type: text(module, 'MemoryDeviceType') ?? text(module, 'MemoryType'),
    sizeGiB: sizeMiB === null ? null : sizeMiB / 1024,
    speedMHz: amount(module, 'OperatingSpeedMhz'),
    manufacturer: text(module, 'Manufacturer'),
    serialNumber: text(module, 'SerialNumber'),
    partNumber: text(module, 'PartNumber'),
    slot: slotOf(module),
    health: healthOf(module),
  }
}

/** The label on the board, the older member for it, or the slot's number within its socket. */
function slotOf(module: Resource): string | null {
  const label = text(part(part(module, 'Location'), 'PartLocation'), 'ServiceLabel') ?? text(module, 'DeviceLocator')
  if (label !== null) return label
  const location = part(module, 'MemoryLocation')
  const [socket, slot] = [amount(location, 'Socket'), amount(location, 'Slot')]
  if (slot === null) return null
  return socket === null ? `slot ${slot}` : `socket ${socket} slot ${slot}`
}
