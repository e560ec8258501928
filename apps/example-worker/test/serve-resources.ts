import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A resource to serve as JSON, or a function that answers by itself. */
export type Served = object | ((request: IncomingMessage, response: ServerResponse) => void)

export interface ServedBmc {
  readonly url: string
  /** The paths that were asked for, in order. */
  readonly paths: readonly string[]
  /** Connections opened so far. */
  readonly connections: number
  /** Requests without the end of an answer, whose client has not gone. */
  readonly active: number
  /** The most that were active at a time. */
  readonly mostActive: number
}

/** Serves handwritten resources by path, until the test is over. A path without one answers 404. */
export async function serveResources(resources: Readonly<Record<string, Served>>): Promise<ServedBmc> {
  const paths: string[] = []
  let connections = 0
  let active = 0
  let mostActive = 0
  const server = createServer((request, response) => {
    paths.push(request.url ?? '')
    mostActive = Math.max(mostActive, ++active)
    response.once('close', () => active--)
    const served = resources[request.url ?? '']
    if (typeof served === 'function') served(request, response)
    else if (served === undefined) response.writeHead(404).end('{}')
    else response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(served))
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths,
    get connections() {
      return connections
    },
    get active() {
      return active
    },
    get mostActive() {
      return mostActive
    },
  }
}

/** A reference to another resource. */
export function reference(path: string): object {
  return { '@odata.id': path }
}

/** A collection with these members. */
export function collection(...paths: readonly string[]): object {
  return { Members: paths.map(reference) }
}

/** The resources of a service with one system, which has these members and nothing else. */
export function oneSystem(system: object, others: Readonly<Record<string, Served>> = {}): Record<string, Served> {
  return {
    '/redfish/v1/': { Systems: reference('/redfish/v1/Systems') },
    '/redfish/v1/Systems': collection('/redfish/v1/Systems/1'),
    '/redfish/v1/Systems/1': { Id: '1', ...system },
    ...others,
  }
}
