import type { Hardware } from './hardware.ts'
import type { Quirks } from './quirks.ts'
import { reference, type Resource } from './resource.ts'
import { put, putCollection, status, type Tree } from './tree.ts'

/** The drives, under Storage or SimpleStorage. Returns the system's link to them. */
export function driveResources(tree: Tree, system: string, { drives }: Hardware, quirks: Quirks): Resource {
  if (quirks.simpleStorage) {
    const collection = `${system}/SimpleStorage`
    const devices = drives.map((drive) => ({
      Name: drive.name,
      Manufacturer: drive.manufacturer,
      Model: drive.model,
      CapacityBytes: drive.capacityBytes,
      Status: status(drive.health),
    }))
    const controller = put(tree, `${collection}/1`, 'SimpleStorage.v1_3_1.SimpleStorage', {
      Id: '1',
      Name: 'Simple Storage Controller',
      Devices: [...devices, { Name: `Bay ${drives.length + 1}`, Status: status(null) }],
    })
    return { SimpleStorage: reference(putCollection(tree, collection, 'SimpleStorage', [controller])) }
  }
  const collection = `${system}/Storage`
  const paths = drives.map((drive, bay) =>
    put(tree, `${collection}/RAID1/Drives/${bay + 1}`, 'Drive.v1_17_0.Drive', {
      Id: String(bay + 1),
      Name: drive.name,
      Manufacturer: quirks.nulls ? null : drive.manufacturer,
      Model: drive.model,
      SerialNumber: drive.serialNumber,
      MediaType: drive.mediaType,
      Protocol: drive.protocol,
      CapacityBytes: drive.capacityBytes,
      Status: status(drive.health),
    }),
  )
  const controller = put(tree, `${collection}/RAID1`, 'Storage.v1_15_0.Storage', {
    Id: 'RAID1',
    Name: 'Storage Controller',
    'Drives@odata.count': paths.length,
    Drives: paths.map(reference),
    Status: status('OK'),
  })
  return { Storage: reference(putCollection(tree, collection, 'Storage', [controller])) }
}

/** The network ports, as EthernetInterfaces or as an adapter's ports. Returns the system's link to them. */
export function networkResources(tree: Tree, system: string, { nics }: Hardware, quirks: Quirks): Resource {
  if (quirks.networkAdapters) return adapterResources(tree, system, nics)
  const collection = `${system}/EthernetInterfaces`
  const paths = nics.map((nic, port) =>
    put(tree, `${collection}/NIC${port + 1}`, 'EthernetInterface.v1_9_0.EthernetInterface', {
      Id: `NIC${port + 1}`,
      Name: `Network port ${port + 1}`,
      EthernetInterfaceType: 'Physical',
      PermanentMACAddress: quirks.nulls ? null : nic.macAddress,
      MACAddress: nic.macAddress,
      SpeedMbps: quirks.nulls ? null : nic.speedMbps,
      LinkStatus: nic.linkUp ? 'LinkUp' : 'LinkDown',
      Status: status('OK'),
    }),
  )
  return { EthernetInterfaces: reference(putCollection(tree, collection, 'EthernetInterface', paths)) }
}

function adapterResources(tree: Tree, system: string, nics: Hardware['nics']): Resource {
  const adapter = '/redfish/v1/Chassis/1/NetworkAdapters/Slot1'
  const ports = nics.map((nic, port) =>
    put(tree, `${adapter}/Ports/${port + 1}`, 'Port.v1_8_0.Port', {
      Id: String(port + 1),
      Name: `Port ${port + 1}`,
      CurrentSpeedGbps: nic.speedMbps / 1000,
      LinkStatus: nic.linkUp ? 'LinkUp' : 'LinkDown',
      Ethernet: { AssociatedMACAddresses: [nic.macAddress] },
      Status: status('OK'),
    }),
  )
  put(tree, adapter, 'NetworkAdapter.v1_9_0.NetworkAdapter', {
    Id: 'Slot1',
    Name: 'Network Adapter',
    Ports: reference(putCollection(tree, `${adapter}/Ports`, 'Port', ports)),
    Status: status('OK'),
  })
  const collection = `${system}/NetworkInterfaces`
  const networkInterface = put(tree, `${collection}/Slot1`, 'NetworkInterface.v1_2_1.NetworkInterface', {
    Id: 'Slot1',
    Name: 'Network Interface',
    Links: { NetworkAdapter: reference(adapter) },
    Status: status('OK'),
  })
  return { NetworkInterfaces: reference(putCollection(tree, collection, 'NetworkInterface', [networkInterface])) }
}
