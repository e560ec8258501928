import { BlockList, isIP } from 'node:net'

const addresses = new BlockList()
addresses.addSubnet('127.0.0.0', 8, 'ipv4')
addresses.addAddress('::1', 'ipv6')

/** Whether it is a name or an address of this machine that nobody else can reach. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true
  const version = isIP(host)
  return version !== 0 && addresses.check(host, version === 4 ? 'ipv4' : 'ipv6')
}

/** The same of a `Host` header, with or without a port. */
export function isLoopbackHostHeader(header: string | undefined): boolean {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i.exec(header ?? '')
  const host = match?.[1] ?? match?.[2]
  return host !== undefined && isLoopback(host)
}
