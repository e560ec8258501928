import type { IncomingMessage } from 'node:http'
import { page } from './paging.ts'
import { reset, type PowerState } from './power.ts'
import { RequestError } from './redfish-error.ts'
import type { Resource, ResourceSource } from './resource.ts'

/** User name and password for HTTP Basic authentication. */
export interface Credentials {
  readonly username: string
  readonly password: string
}

const ROOT = '/redfish/v1'
const RESET = '/Actions/ComputerSystem.Reset'
const VERSIONS: Resource = { v1: `${ROOT}/` }
const LARGEST_BODY_BYTES = 64 * 1024

/** A Redfish service over a source of resources: what it answers, faults and sockets apart. */
export class RedfishService {
  readonly #source: ResourceSource
  readonly #pageSize: number
  readonly #authorization: string | null
  /** Path of a system → what a reset made of its power state. */
  readonly #powerStates = new Map<string, PowerState>()

  /**
   * @param pageSize members in a page of a collection; 0: no paging
   * @param credentials what is asked for everywhere but at the service root; null: nothing
   */
  constructor(source: ResourceSource, pageSize: number, credentials: Credentials | null) {
    this.#source = source
    this.#pageSize = pageSize
    this.#authorization =
      credentials &&
      `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8').toString('base64')}`
  }

  /**
   * Answers a request: a resource, or null for "done, nothing to say" (204).
   *
   * @param refuse treats any credentials as wrong
   * @throws RequestError for what Redfish answers with an error
   */
  async answer(request: IncomingMessage, refuse: boolean): Promise<Resource | null> {
    const { path, query } = target(request)
    // The specification leaves these two open, so that a client can find out what it talks to.
    if (path !== '/redfish' && path !== ROOT) this.#authorize(request, refuse)
    const method = request.method ?? ''
    if (method === 'POST' && path.endsWith(RESET)) return await this.#reset(request, path.slice(0, -RESET.length))
    const resource = path === '/redfish' ? VERSIONS : await this.#read(path)
    if (resource === null) {
      throw new RequestError(404, 'ResourceMissingAtURI', `there is no resource at ${path}`)
    }
    if (method !== 'GET' && method !== 'HEAD') {
      const headers = { Allow: 'GET, HEAD' }
      throw new RequestError(405, 'OperationNotAllowed', `${method} is not possible for ${path}`, headers)
    }
    return page(resource, query, this.#pageSize)
  }

  async #read(path: string): Promise<Resource | null> {
    const resource = await this.#source.read(path)
    const powerState = this.#powerStates.get(path)
    return resource === null || powerState === undefined ? resource : { ...resource, PowerState: powerState }
  }

  async #reset(request: IncomingMessage, path: string): Promise<null> {
    const system = await this.#read(path)
    if (system?.PowerState === undefined) {
      throw new RequestError(404, 'ResourceMissingAtURI', `there is no system at ${path}`)
    }
    const parameters = await readJson(request)
    this.#powerStates.set(path, reset(system, system.PowerState === 'Off' ? 'Off' : 'On', parameters))
    return null
  }

  #authorize(request: IncomingMessage, refuse: boolean): void {
    if (!refuse && (this.#authorization === null || request.headers.authorization === this.#authorization)) return
    const headers = { 'WWW-Authenticate': 'Basic realm="BMC"' }
    throw new RequestError(401, 'NoValidSession', 'valid credentials are needed', headers)
  }
}

/** The path, decoded and without a slash at its end, and the query. */
function target(request: IncomingMessage): { path: string; query: URLSearchParams } {
  // Not through `new URL`: that would resolve `..` before anybody could refuse it.
  const [rawPath = '', rawQuery = ''] = (request.url ?? '/').split(/\?(.*)/s)
  try {
    const path = decodeURIComponent(rawPath).replace(/(?<=.)\/$/, '')
    return { path, query: new URLSearchParams(rawQuery) }
  } catch {
    throw new RequestError(400, 'InvalidURI', `${rawPath} is no valid path`)
  }
}

async function readJson(request: IncomingMessage): Promise<Resource> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_BODY_BYTES) throw new RequestError(413, 'PayloadTooLarge', 'the request is too large')
    chunks.push(chunk)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}')
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Resource
  } catch {
    // Not JSON at all: the same answer as for JSON that is no object.
  }
  throw new RequestError(400, 'MalformedJSON', 'the request must be a JSON object')
}
