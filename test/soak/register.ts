import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OutsideWrite } from '@bmdb/testing'
import { processName } from './orders.ts'

/** Something outside the database that has a fence: it takes no token that is older than one it has seen. */
export class Register implements AsyncDisposable {
  readonly #server: Server
  readonly #newest = new Map<string, bigint>()
  /** What was written, or refused. */
  readonly writes: OutsideWrite[] = []

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(): Promise<Register> {
    // Writers may be stopped for long: their connections wait for them.
    const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 })
    const register = new Register(server)
    server.on('request', (request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      request.once('end', () => {
        const accepted = register.#write(JSON.parse(body) as { machineId: string; token: string; holder: string })
        response.writeHead(accepted ? 204 : 409).end()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return register
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  get refused(): number {
    return this.writes.reduce((sum, { accepted }) => sum + (accepted ? 0 : 1), 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  #write({ machineId, token: text, holder }: { machineId: string; token: string; holder: string }): boolean {
    const token = BigInt(text)
    const accepted = token >= (this.#newest.get(machineId) ?? 0n)
    if (accepted) this.#newest.set(machineId, token)
    this.writes.push({ machineId, process: processName, token, holder, atNs: process.hrtime.bigint(), accepted })
    return accepted
  }
}
