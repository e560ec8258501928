import { readFirmware } from './firmware.ts'
import { readMemory } from './memory.ts'
import { readNetworkInterfaces } from './network.ts'
import { readProcessors } from './processors.ts'
import { readBmc, type ReadOptions } from './read-bmc.ts'
import type { Reading } from './reading.ts'
import type { HardwareReport } from './report.ts'
import { healthOf, part, text } from './resource.ts'
import { readDrives } from './storage.ts'
import { readSystem } from './systems.ts'

/**
 * Reads a machine's hardware from its BMC over Redfish. All or nothing, but for members that the BMC links to and does
 * not have, which the report's warnings name. Nothing is retried.
 *
 * @param address `http://` or `https://`, a host and perhaps a port: `https://bmc7`, `http://127.0.0.1:8000`
 * @throws RedfishError with a `code` and a message for an operator; or the signal's reason
 */
export function readHardware(address: string, options: ReadOptions = {}): Promise<HardwareReport> {
  return readBmc(address, options, read)
}

async function read(reading: Reading): Promise<HardwareReport> {
  // The only path that a client may know by itself; the specification ends it with a slash.
  const root = await reading.client.get('/redfish/v1/')
  const system = await readSystem(reading, root)
  const [processors, memory, drives, networkInterfaces, firmware] = await Promise.all([
    readProcessors(reading, system),
    readMemory(reading, system),
    readDrives(reading, system),
    readNetworkInterfaces(reading, system),
    readFirmware(reading, root),
  ])
  return {
    manufacturer: text(system, 'Manufacturer'),
    model: text(system, 'Model'),
    serialNumber: text(system, 'SerialNumber'),
    sku: text(system, 'SKU'),
    uuid: text(system, 'UUID'),
    biosVersion: text(system, 'BiosVersion'),
    powerState: text(system, 'PowerState'),
    health: text(part(system, 'Status'), 'HealthRollup') ?? healthOf(system),
    processors,
    memory,
    drives,
    networkInterfaces,
    firmware,
    warnings: reading.warnings,
  }
}
