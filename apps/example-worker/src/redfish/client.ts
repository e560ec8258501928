import http from 'node:http'
import https from 'node:https'
import { originOf } from './address.ts'
import type { Failure } from './connection-failure.ts'
import { RedfishError } from './error.ts'
import { httpGet, type Answer } from './http-get.ts'
import { parseAnswer } from './parse-answer.ts'
import type { Resource } from './resource.ts'
import { Slots } from './slots.ts'

export interface ClientOptions {
  /** With a password, for HTTP Basic authentication; without, the BMC is read as anybody may. */
  readonly username: string | undefined
  readonly password: string | undefined
  readonly insecureTls: boolean
  readonly requestTimeoutMs: number
  /** Its abort ends every request at once. */
  readonly signal: AbortSignal
}

/** BMCs are small computers: more at once makes most of them slower, and some of them fall over. */
const CONCURRENT_REQUESTS = 4
const LARGEST_ANSWER_BYTES = 4 * 1024 * 1024
const LONGEST_LINK = 2048
/** Of a link in an error, in characters. */
const LONGEST_SHOWN = 200
const MOST_REDIRECTS = 3
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Reads resources of one BMC. It talks to no other host, whatever the BMC's links say. */
export class RedfishClient {
  /** The BMC's address without a slash at the end, such as `https://bmc7`. */
  readonly address: string
  readonly #options: ClientOptions
  readonly #agent: http.Agent
  readonly #headers: http.OutgoingHttpHeaders
  readonly #slots = new Slots(CONCURRENT_REQUESTS)

  /** @throws RedfishError ERR_REDFISH_ARGUMENT for a bad address */
  constructor(address: string, options: ClientOptions) {
    this.address = originOf(address)
    this.#options = options
    this.#agent = new (this.address.startsWith('https:') ? https.Agent : http.Agent)({
      keepAlive: true,
      maxSockets: CONCURRENT_REQUESTS,
    })
    this.#headers = {
      Accept: 'application/json',
      'Accept-Encoding': 'identity',
      'OData-Version': '4.0',
      ...authorization(options),
    }
  }

  /**
   * The resource that a link leads to. At most four requests are under way at any time.
   *
   * @param link a path, or a URL on the same host, with a fragment if it is a part of a resource
   * @throws RedfishError; or the signal's reason
   */
  get(link: string): Promise<Resource> {
    return this.#slots.run(async () => {
      const url = this.#resolve(link, this.address)
      const answer = await this.#follow(url, MOST_REDIRECTS)
      return parseAnswer(answer, url.hash, (failure) => this.error(failure, url.pathname + url.search + url.hash))
    })
  }

  /** Cuts the connections. */
  close(): void {
    this.#agent.destroy()
  }

  /** An error about a resource of this BMC. */
  error({ code, what, hint, cause }: Failure, resource: string): RedfishError {
    // It may stand here just as the BMC gave it.
    const shown = resource.replace(/\p{Cc}/gu, '').slice(0, LONGEST_SHOWN)
    const explanation = `${what} for ${shown}${hint === undefined ? '' : `: ${hint}`}`
    return new RedfishError(code, this.address, shown, explanation, cause && { cause })
  }

  #resolve(link: string, base: string): URL {
    const url = link.length <= LONGEST_LINK && URL.canParse(link, base) ? new URL(link, base) : null
    if (url === null) throw this.error({ code: 'ERR_REDFISH_INVALID_ANSWER', what: 'a link that leads nowhere' }, link)
    if (url.origin === this.address) return url
    const hint = 'credentials for this BMC go nowhere else'
    throw this.error({ code: 'ERR_REDFISH_FOREIGN_LINK', what: 'a link to another host is not followed', hint }, link)
  }

  async #follow(url: URL, redirectsLeft: number): Promise<Answer> {
    const resource = url.pathname + url.search
    const answer = await httpGet(url, {
      agent: this.#agent,
      headers: this.#headers,
      timeoutMs: this.#options.requestTimeoutMs,
      maximumBytes: LARGEST_ANSWER_BYTES,
      insecureTls: this.#options.insecureTls,
      signal: this.#options.signal,
      fail: (failure) => this.error(failure, resource),
    })
    if (answer.status === 200) return answer
    const { location } = answer.headers
    if (!REDIRECTS.has(answer.status) || location === undefined || redirectsLeft === 0) {
      throw this.error(statusFailure(answer.status, this.#options.username !== undefined), resource)
    }
    return await this.#follow(this.#resolve(location, url.href), redirectsLeft - 1)
  }
}

function authorization({ username, password = '' }: ClientOptions): http.OutgoingHttpHeaders {
  if (username === undefined) return {}
  return { Authorization: `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}` }
}

function statusFailure(status: number, withCredentials: boolean): Failure {
  // In Node's words: the BMC's own may be anything, and may repeat what was sent to it.
  const what = `${status} ${http.STATUS_CODES[status] ?? 'unknown status'}`
  if (status === 401) {
    const hint = withCredentials ? 'wrong user name or password' : 'it asks for a user name and password'
    return { code: 'ERR_REDFISH_UNAUTHORIZED', what, hint }
  }
  if (status === 403) return { code: 'ERR_REDFISH_UNAUTHORIZED', what, hint: 'the user may not read this' }
  if (status === 404) return { code: 'ERR_REDFISH_NOT_FOUND', what, hint: 'is this a Redfish service?' }
  return { code: 'ERR_REDFISH_STATUS', what }
}
