import { driveResources, networkResources } from './generated-devices.ts'
import type { Hardware } from './hardware.ts'
import type { Quirks } from './quirks.ts'
import { reference, type Resource, type ResourceSource } from './resource.ts'
import { put, putCollection, status, type Tree } from './tree.ts'

const ROOT = '/redfish/v1'
const SYSTEM = `${ROOT}/Systems/1`

/** The Redfish resources of a server with this hardware, on a service with these quirks. */
export function generatedTree(hardware: Hardware, quirks: Quirks): ResourceSource {
  const tree: Tree = new Map()
  put(tree, ROOT, 'ServiceRoot.v1_15_0.ServiceRoot', {
    Id: 'RootService',
    Name: 'Root Service',
    RedfishVersion: '1.15.0',
    UUID: hardware.uuid,
    Systems: reference(`${ROOT}/Systems`),
    UpdateService: reference(`${ROOT}/UpdateService`),
  })
  const links = {
    Processors: reference(processorResources(tree, hardware, quirks)),
    Memory: reference(memoryResources(tree, hardware, quirks)),
    ...driveResources(tree, SYSTEM, hardware, quirks),
    ...networkResources(tree, SYSTEM, hardware, quirks),
  }
  putCollection(tree, `${ROOT}/Systems`, 'ComputerSystem', [SYSTEM])
  put(tree, SYSTEM, 'ComputerSystem.v1_20_0.ComputerSystem', { ...system(hardware, quirks), ...links })
  firmwareResources(tree, hardware)
  return { read: (path) => Promise.resolve(tree.get(path) ?? null) }
}

function system(hardware: Hardware, quirks: Quirks): Resource {
  const parts = [...hardware.processors, ...hardware.dimmSlots, ...hardware.drives]
  const worst = parts.some((part) => part?.health === 'Warning') ? 'Warning' : 'OK'
  return {
    Id: '1',
    Name: 'System',
    SystemType: 'Physical',
    Manufacturer: hardware.manufacturer,
    Model: hardware.model,
    SerialNumber: hardware.serialNumber,
    SKU: quirks.nulls ? null : hardware.sku,
    UUID: hardware.uuid,
    BiosVersion: hardware.biosVersion,
    PowerState: hardware.powerState,
    Status: { State: 'Enabled', Health: 'OK', HealthRollup: worst },
    MemorySummary: { TotalSystemMemoryGiB: hardware.dimmSlots.reduce((sum, dimm) => sum + (dimm?.sizeGiB ?? 0), 0) },
    Actions: {
      '#ComputerSystem.Reset': {
        target: `${SYSTEM}/Actions/ComputerSystem.Reset`,
        'ResetType@Redfish.AllowableValues': ['On', 'ForceOff', 'GracefulShutdown', 'GracefulRestart', 'ForceRestart'],
      },
    },
  }
}

function processorResources(tree: Tree, { processors }: Hardware, quirks: Quirks): string {
  const collection = `${SYSTEM}/Processors`
  const paths = processors.map((processor) =>
    put(tree, `${collection}/${processor.id}`, 'Processor.v1_17_0.Processor', {
      Id: processor.id,
      Name: processor.id,
      ProcessorType: processor.type,
      Manufacturer: quirks.nulls ? null : processor.manufacturer,
      Model: processor.model,
      MaxSpeedMHz: quirks.nulls ? null : processor.maxSpeedMHz,
      TotalCores: processor.cores,
      TotalThreads: processor.cores === null ? null : processor.cores * 2,
      Status: status(processor.health),
    }),
  )
  // A second socket with nothing in it is still a member of the collection.
  if (!processors.some(({ id }) => id === 'CPU2')) {
    const empty = { Id: 'CPU2', Name: 'CPU2', ProcessorType: 'CPU', Status: status(null) }
    paths.push(put(tree, `${collection}/CPU2`, 'Processor.v1_17_0.Processor', empty))
  }
  return putCollection(tree, collection, 'Processor', paths)
}

function memoryResources(tree: Tree, { dimmSlots }: Hardware, quirks: Quirks): string {
  const collection = `${SYSTEM}/Memory`
  const paths = dimmSlots.map((dimm, slot) => {
    const id = `DIMM${slot + 1}`
    const filled = dimm && {
      CapacityMiB: dimm.sizeGiB * 1024,
      MemoryType: 'DRAM',
      MemoryDeviceType: 'DDR4',
      OperatingSpeedMhz: quirks.nulls ? null : dimm.speedMHz,
      Manufacturer: dimm.manufacturer,
      PartNumber: quirks.nulls ? null : dimm.partNumber,
      SerialNumber: dimm.serialNumber,
    }
    return put(tree, `${collection}/${id}`, 'Memory.v1_17_0.Memory', {
      Id: id,
      Name: `DIMM slot ${slot + 1}`,
      DeviceLocator: `Slot ${slot + 1}`,
      ...filled,
      Status: status(dimm?.health ?? null),
    })
  })
  return putCollection(tree, collection, 'Memory', paths)
}

function firmwareResources(tree: Tree, { firmware }: Hardware): void {
  const collection = `${ROOT}/UpdateService/FirmwareInventory`
  const paths = firmware.map(({ id, name, version }) =>
    put(tree, `${collection}/${id}`, 'SoftwareInventory.v1_9_0.SoftwareInventory', {
      Id: id,
      Name: name,
      Version: version,
      Status: status('OK'),
    }),
  )
  putCollection(tree, collection, 'SoftwareInventory', paths)
  put(tree, `${ROOT}/UpdateService`, 'UpdateService.v1_11_2.UpdateService', {
    Id: 'UpdateService',
    Name: 'Update Service',
    ServiceEnabled: true,
    FirmwareInventory: reference(collection),
  })
}
