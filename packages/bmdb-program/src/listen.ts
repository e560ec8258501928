import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StartupError } from './errors.ts'
import { showListenAddress, type ListenAddress } from './listen-address.ts'

/**
 * Lets a server listen. What goes wrong with single connections later is passed over.
 * @returns its URL, with the port that it listens on, such as `http://127.0.0.1:9464`
 * @throws StartupError if it cannot listen there
 */
export function listen(server: Server, where: ListenAddress): Promise<string> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => {
      const why = whyOf[error.code ?? ''] ?? error.message
      reject(new StartupError(`cannot listen on ${showListenAddress(where)}: ${why}`, { cause: error }))
    }
    // It stays: a connection that cannot be accepted, for want of open files, is no reason to end the program.
    server.on('error', refused)
    server.listen(where.port, where.host, () => {
      const { port } = server.address() as AddressInfo
      resolve(`http://${showListenAddress({ host: where.host, port })}`)
    })
  })
}

const whyOf: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken; choose another one with --listen or BMDB_LISTEN',
  EADDRNOTAVAIL: 'this machine has no such address; correct --listen or BMDB_LISTEN',
  EACCES: 'this user may not use the port; choose one above 1023 with --listen or BMDB_LISTEN',
  ENOTFOUND: 'there is no such host; correct --listen or BMDB_LISTEN',
  EAI_AGAIN: 'the host cannot be looked up now; correct --listen or BMDB_LISTEN, or use an address',
}
