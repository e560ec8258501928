import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { answerHealth, listen, type HealthOptions, type ListenAddress } from '@bmdb/program'

/** The server: it answers from the start, and lets others answer once there is a database. */
export interface FrontDoor extends AsyncDisposable {
  /** With the port that it listens on, such as `http://127.0.0.1:9460`. */
  readonly url: string
  /** From now on it answers everything but metrics and health. */
  open(answer: RequestListener): void
  /** Stops listening; resolves when the last answer has ended, or at the limit, when it cuts them. Twice is harmless. */
  close(limitMs: number): Promise<void>
}

/**
 * Listens. Metrics and health are answered at once, everything else with 503 until it is open.
 * @throws StartupError if it cannot listen there
 */
export async function openFrontDoor(address: ListenAddress, health: HealthOptions): Promise<FrontDoor> {
  let answer: RequestListener = notYet
  let closed: Promise<void> | undefined
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    // Browsers keep connections for later: there is none any more.
    response.once('close', () => {
      if (closed !== undefined) request.socket.end()
    })
    if (!answerHealth(health, request, response)) answer(request, response)
  })
  const url = await listen(server, address)
  const close = (limitMs: number): Promise<void> =>
    (closed ??= new Promise((resolve) => {
      const timer = setTimeout(() => server.closeAllConnections(), limitMs)
      server.close(() => {
        clearTimeout(timer)
        resolve()
      })
      server.closeIdleConnections()
    }))
  return {
    url,
    open(given) {
      answer = given
    },
    close,
    [Symbol.asyncDispose]: () => close(0),
  }
}

/** In plain words: there is nothing yet that could be shown. */
function notYet(request: IncomingMessage, response: ServerResponse): void {
  const detail = 'The console has not reached its database yet: try again in a moment; /readyz says why.'
  const isApi = request.url?.startsWith('/api/') === true
  const problem = { status: 503, title: 'Service Unavailable', detail, code: 'ERR_DATABASE_UNAVAILABLE' }
  response
    .writeHead(503, {
      'Content-Type': isApi ? 'application/problem+json; charset=utf-8' : 'text/plain; charset=utf-8',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
      'Retry-After': '2',
    })
    .end(isApi ? JSON.stringify(problem) : `${detail}\n`)
}
