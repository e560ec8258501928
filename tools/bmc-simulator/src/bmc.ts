import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkedFaults, sendBody, waitForFaults, type FaultName, type Faults } from './faults.ts'
import { folderTree } from './folder-tree.ts'
import { generatedTree } from './generated-tree.ts'
import { generateHardware, type Hardware } from './hardware.ts'
import { quirksOf, type Quirks } from './quirks.ts'
import { RequestError } from './redfish-error.ts'
import type { Resource } from './resource.ts'
import { RedfishService, type Credentials } from './service.ts'

export interface BmcOptions {
  /** The same seed and index always give the same hardware. Not looked at with `tree`. */
  readonly seed: string | number
  /** The BMC's place in its rack, from 0. @default 0 */
  readonly index?: number | undefined
  /** The port to listen on; 0: one that is free. @default 0 */
  readonly port?: number | undefined
  /** @default '127.0.0.1' */
  readonly host?: string | undefined
  /** What is wrong with it from the start. @default nothing */
  readonly faults?: Faults | undefined
  /** What clients must say, everywhere but at the service root. @default anybody may read */
  readonly credentials?: Credentials | undefined
  /** A folder with a Redfish tree to serve instead of generated hardware: a folder a resource, with an `index.json`. */
  readonly tree?: string | undefined
  /** Ways in which its service differs from others. @default what `quirksOf(index)` says; with `tree`, no paging */
  readonly quirks?: Partial<Quirks> | undefined
}

/** A BMC that is listening. */
export interface Bmc {
  /** Its address, without a slash at the end: `http://127.0.0.1:41234`. */
  readonly url: string
  readonly port: number
  /** What it is made of; null where it serves a tree. */
  readonly hardware: Hardware | null
  /** How many requests have come in so far. */
  readonly requests: number
  /** How many of them are still waiting for the end of their answer, with a client that has not gone. */
  readonly activeRequests: number
  /**
   * Switches a fault on (`true`; for `slow`, milliseconds) or off (`false`), from the next request on.
   *
   * @throws RangeError if the delay is not a number from 0 to 600 000
   */
  setFault<N extends FaultName>(name: N, value: NonNullable<Faults[N]> | false): void
  /** Stops listening and cuts every connection. Twice is harmless. */
  close(): Promise<void>
}

/**
 * Starts a simulated BMC: a Redfish service over HTTP.
 *
 * @throws Error if the port cannot be listened on (`code` as Node has it, such as `EADDRINUSE`), or the tree is none
 * @throws RangeError for a delay out of range
 */
export async function startBmc(options: BmcOptions): Promise<Bmc> {
  const { seed, index = 0, port = 0, host = '127.0.0.1', credentials = null, tree } = options
  const quirks: Quirks = { ...quirksOf(index), ...(tree === undefined ? {} : { pageSize: 0 }), ...options.quirks }
  const hardware = tree === undefined ? generateHardware(seed, index) : null
  const source = hardware === null ? await folderTree(tree ?? '') : generatedTree(hardware, quirks)
  const service = new RedfishService(source, quirks.pageSize, credentials)
  let faults = checkedFaults(options.faults ?? {})
  let requests = 0
  const active = new Set<ServerResponse>()

  const server = createServer((request, response) => {
    requests++
    active.add(response)
    response.once('close', () => active.delete(response))
    void respond(service, faults, request, response)
  })
  await listen(server, port, host)
  const address = server.address() as AddressInfo
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    port: address.port,
    hardware,
    get requests() {
      return requests
    },
    get activeRequests() {
      return active.size
    },
    setFault(name, value) {
      const others = Object.entries(faults).filter(([other]) => other !== name)
      faults = checkedFaults(Object.fromEntries(value === false ? others : [...others, [name, value]]))
    },
    close: () => close(server),
  }
}

async function respond(
  service: RedfishService,
  faults: Faults,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  if (!(await waitForFaults(faults, gone.signal))) return
  const { status, body, headers } = await outcome(service, faults, request)
  if (response.destroyed) return
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.setHeader('OData-Version', '4.0')
  response.setHeader('Cache-Control', 'no-cache')
  if (body === null) {
    response.end()
    return
  }
  response.setHeader('Content-Type', 'application/json; charset=utf-8')
  sendBody(response, JSON.stringify(body, null, 2), faults)
}

interface Outcome {
  readonly status: number
  readonly body: Resource | null
  readonly headers: Readonly<Record<string, string>>
}

async function outcome(service: RedfishService, faults: Faults, request: IncomingMessage): Promise<Outcome> {
  try {
    if (faults.error === true) throw new RequestError(500, 'InternalError', 'the service has failed')
    const body = await service.answer(request, faults.unauthorized === true)
    return { status: body === null ? 204 : 200, body, headers: {} }
  } catch (error) {
    const refusal =
      error instanceof RequestError ? error : new RequestError(500, 'InternalError', `cannot be read: ${String(error)}`)
    return { status: refusal.status, body: refusal.body(), headers: refusal.headers }
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // Closing a server that is closed already is reported as an error, and is none.
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
