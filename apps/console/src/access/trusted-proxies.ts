import { BlockList, isIP } from 'node:net'

/** Whose word about somebody else's request is believed. */
export interface TrustedProxies {
  /** Whether requests from this address are a trusted proxy's. */
  includes(address: string | undefined): boolean
}

/** Proxies on this machine. */
export const loopbackProxies = parseTrustedProxies('127.0.0.1/32,::1/128')!

/** Reads addresses and CIDR blocks with commas in between; undefined if one of them is none. */
export function parseTrustedProxies(text: string): TrustedProxies | undefined {
  const list = new BlockList()
  for (const part of text.split(',')) {
    const [address = '', bits, ...more] = part.trim().split('/')
    const version = isIP(address)
    const most = version === 4 ? 32 : 128
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity
    if (version === 0 || prefix > most || more.length > 0 || address.includes('%')) return undefined
    list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6')
  }
  return {
    includes(address) {
      // An IPv4 address that arrives at an IPv6 socket is ::ffff:…, which the list knows by its IPv4 form too.
      const version = isIP(address ?? '')
      return address !== undefined && version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
    },
  }
}
