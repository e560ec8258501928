import { createServer, type Server } from 'node:http'
import { answerHealth, sendJson, type HealthOptions } from './answer-health.ts'
import { listen } from './listen.ts'
import type { ListenAddress } from './listen-address.ts'

/** For {@link startHealthServer}. */
export interface HealthServerOptions extends HealthOptions {
  readonly listen: ListenAddress
}

/** Tells a program's metrics and health over HTTP. */
export interface HealthServer extends AsyncDisposable {
  /** With the port that it listens on, such as `http://127.0.0.1:9464`. */
  readonly url: string
  /** Stops listening and cuts what is open. Twice is harmless. */
  close(): Promise<void>
}

/**
 * Serves `/metrics`, `/healthz` (200 while the program runs) and `/readyz` (200, or 503 with `{ ready, reasons }`).
 * @throws StartupError if it cannot listen there
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    if (!answerHealth(options, request, response))
      sendJson(response, 404, { error: 'not found: try /metrics, /healthz or /readyz' })
  })
  const url = await listen(server, options.listen)
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= closeServer(server))
  return { url, close, [Symbol.asyncDispose]: close }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
