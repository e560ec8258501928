import { readAll, readCollection } from './collection.ts'
import type { Reading } from './reading.ts'
import type { DriveReport } from './report.ts'
import { amount, healthOf, idOf, isAbsent, link, links, parts, text, type Resource } from './resource.ts'

/** The drives of the system's Storage; where that is missing or has no drive, those of its SimpleStorage. */
export async function readDrives(reading: Reading, system: Resource): Promise<readonly DriveReport[]> {
  const storages = await readCollection(reading, link(system, 'Storage'))
  // A drive that two controllers reach is one drive.
  const paths = new Set(storages.flatMap((storage) => links(storage, 'Drives')))
  const drives = await readAll(reading, [...paths])
  return drives.length > 0 ? drives.map(driveReport) : await readSimpleStorage(reading, system)
}

function driveReport(drive: Resource): DriveReport {
  return {
    id: idOf(drive),
    name: text(drive, 'Name'),
    mediaType: text(drive, 'MediaType'),
    protocol: text(drive, 'Protocol'),
    capacityBytes: amount(drive, 'CapacityBytes'),
    manufacturer: text(drive, 'Manufacturer'),
    model: text(drive, 'Model'),
    serialNumber: text(drive, 'SerialNumber'),
    health: healthOf(drive),
  }
}

async function readSimpleStorage(reading: Reading, system: Resource): Promise<readonly DriveReport[]> {
  const controllers = await readCollection(reading, link(system, 'SimpleStorage'))
  return controllers.flatMap((controller) =>
    parts(controller, 'Devices')
      // Numbered before the empty bays go, so that a drive keeps its id when its neighbour is pulled out.
      .map((device, position) => ({ device, id: `${idOf(controller)}:${position + 1}` }))
      .filter(({ device }) => !isAbsent(device))
      .map(({ device, id }) => ({ ...driveReport(device), id })),
  )
}
