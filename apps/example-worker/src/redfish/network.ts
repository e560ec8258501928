import { readAll, readCollection } from './collection.ts'
import type { Reading } from './reading.ts'
import type { NetworkInterfaceReport } from './report.ts'
import { amount, firstText, idOf, link, part, text, type Resource } from './resource.ts'

/**
 * The system's EthernetInterfaces, without virtual ones (a VLAN is a setting of an interface, not hardware); where they
 * are missing or empty, the ports of the adapters behind its NetworkInterfaces.
 */
export async function readNetworkInterfaces(
  reading: Reading,
  system: Resource,
): Promise<readonly NetworkInterfaceReport[]> {
  const interfaces = await readCollection(reading, link(system, 'EthernetInterfaces'))
  if (interfaces.length === 0) return await readAdapters(reading, system)
  const physical = interfaces.filter((ethernet) => ethernet.EthernetInterfaceType !== 'Virtual')
  return physical.map((ethernet) => ({
    id: idOf(ethernet),
    macAddress: text(ethernet, 'PermanentMACAddress') ?? text(ethernet, 'MACAddress'),
    speedMbps: amount(ethernet, 'SpeedMbps'),
    linkStatus: text(ethernet, 'LinkStatus'),
  }))
}

async function readAdapters(reading: Reading, system: Resource): Promise<readonly NetworkInterfaceReport[]> {
  const interfaces = await readCollection(reading, link(system, 'NetworkInterfaces'))
  const paths = new Set(interfaces.map((each) => link(part(each, 'Links'), 'NetworkAdapter')))
  const adapters = await readAll(
    reading,
    [...paths].filter((path) => path !== null),
  )
  const ports = await Promise.all(
    adapters.map(async (adapter) => {
      const ports = await readCollection(reading, link(adapter, 'Ports') ?? link(adapter, 'NetworkPorts'))
      return ports.map((port) => portReport(adapter, port))
    }),
  )
  return ports.flat()
}

/** From a Port, or from the NetworkPort that came before it. */
function portReport(adapter: Resource, port: Resource): NetworkInterfaceReport {
  const speedGbps = amount(port, 'CurrentSpeedGbps')
  const status = text(port, 'LinkStatus')
  return {
    id: `${idOf(adapter)}/${idOf(port)}`,
    macAddress:
      firstText(part(port, 'Ethernet'), 'AssociatedMACAddresses') ?? firstText(port, 'AssociatedNetworkAddresses'),
    speedMbps: speedGbps === null ? amount(port, 'CurrentLinkSpeedMbps') : speedGbps * 1000,
    linkStatus: status === 'Up' || status === 'Down' ? `Link${status}` : status,
  }
}
