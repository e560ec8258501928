import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'

/** What a program tells of itself over HTTP. */
export interface HealthOptions {
  /** What `/metrics` tells. */
  readonly registry: Registry
  /** Why the program is not ready, a sentence each; none if it is. */
  readonly notReady: () => readonly string[] | Promise<readonly string[]>
}

/**
 * Answers `/metrics`, `/healthz` (200 while the program runs) and `/readyz` (200, or 503 with `{ ready, reasons }`), for
 * programs with a server of their own.
 * @returns false if it is about another path: then nothing was answered
 */
export function answerHealth(options: HealthOptions, request: IncomingMessage, response: ServerResponse): boolean {
  const path = (request.url ?? '/').split('?')[0]
  if (path !== '/metrics' && path !== '/healthz' && path !== '/readyz') return false
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    sendJson(response, 405, { error: 'only GET and HEAD' })
    return true
  }
  answer(options, path, response).catch(() => {
    if (!response.headersSent) sendJson(response, 500, { error: 'it could not be found out' })
    else response.destroy()
  })
  return true
}

async function answer({ registry, notReady }: HealthOptions, path: string, response: ServerResponse): Promise<void> {
  if (path === '/healthz') return sendJson(response, 200, { alive: true })
  if (path === '/readyz') {
    const reasons = await notReady()
    return sendJson(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons })
  }
  const metrics = await registry.metrics()
  response.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' }).end(metrics)
}

/** @internal Answers with JSON, in one line. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' })
    .end(`${JSON.stringify(body)}\n`)
}
