/** Where a program listens. */
export interface ListenAddress {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string
  /** 0 to 65535; 0 is any free one. */
  readonly port: number
}

/** Reads `host:port`, IPv6 addresses in brackets; undefined if it is not that. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/i.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  return host === undefined || port > 65_535 ? undefined : { host, port }
}

/** `host:port`, as it is typed. */
export function showListenAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
