import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { StartupError } from './errors.ts'
import { showListenAddress, type ListenAddress } from './listen-address.ts'

/** For {@link startHealthServer}. */
export interface HealthServerOptions {
  readonly listen: ListenAddress
  /** What `/metrics` tells. */
  readonly registry: Registry
  /** Why the program is not ready, a sentence each; none if it is. */
  readonly notReady: () => readonly string[] | Promise<readonly string[]>
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
    answer(options, request, response).catch(() => {
      if (!response.headersSent) sendJson(response, 500, { error: 'it could not be found out' })
      else response.destroy()
    })
  })
  const address = await listen(server, options.listen)
  const host = options.listen.host
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= closeServer(server))
  return {
    url: `http://${showListenAddress({ host, port: address.port })}`,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function answer(
  { registry, notReady }: HealthServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0]
  if (path !== '/metrics' && path !== '/healthz' && path !== '/readyz')
    return sendJson(response, 404, { error: 'not found: try /metrics, /healthz or /readyz' })
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return sendJson(response, 405, { error: 'only GET and HEAD' })
  }
  if (path === '/healthz') return sendJson(response, 200, { alive: true })
  if (path === '/readyz') {
    const reasons = await notReady()
    return sendJson(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons })
  }
  const metrics = await registry.metrics()
  response.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' }).end(metrics)
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' })
    .end(`${JSON.stringify(body)}\n`)
}

function listen(server: Server, where: ListenAddress): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = whyOf[error.code ?? ''] ?? error.message
      reject(new StartupError(`cannot listen on ${showListenAddress(where)}: ${why}`, { cause: error }))
    })
    server.listen(where.port, where.host, () => resolve(server.address() as AddressInfo))
  })
}

const whyOf: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken; choose another one with --listen or BMDB_LISTEN',
  EADDRNOTAVAIL: 'this machine has no such address; correct --listen or BMDB_LISTEN',
  EACCES: 'this user may not use the port; choose one above 1023 with --listen or BMDB_LISTEN',
  ENOTFOUND: 'there is no such host; correct --listen or BMDB_LISTEN',
  EAI_AGAIN: 'the host cannot be looked up now; correct --listen or BMDB_LISTEN, or use an address',
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
