import type { Log } from '@bmdb/program'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Access } from './access/access.ts'
import { actions, type ActResult, type ConsoleMetrics } from './metrics.ts'

const known = new Set(['GET', 'HEAD', 'POST'])

/** Counts every request, and tells it in the log at `debug`: never its query, its body or its headers. */
export function addObservation(
  app: FastifyInstance,
  prefix: string,
  access: Access,
  metrics: ConsoleMetrics,
  log: Log,
): void {
  const results = new WeakMap<FastifyRequest, ActResult>()
  const isStream = (request: FastifyRequest): boolean => request.routeOptions.url === `${prefix}/events`

  app.addHook('preSerialization', async (request, _reply, payload) => {
    const done = (payload as { readonly done?: unknown } | null)?.done
    if (done === false || done === 0) results.set(request, 'nothing')
    return payload
  })

  app.addHook('onResponse', async (request, reply) => {
    const { statusCode: status, elapsedTime: ms } = reply
    // Paths that nobody serves are anybody's choice: as labels they would never end.
    const route = request.routeOptions.url ?? 'none'
    const method = known.has(request.method) ? request.method : 'other'
    metrics.answered({ route, method, status }, isStream(request) ? undefined : ms / 1_000)
    const action = actionOf(route, prefix)
    if (action !== undefined && !isDryRun(request)) metrics.acted(action, resultOf(status, results.get(request)))
    if (log.isDebugEnabled()) {
      const who = access.identify(request)?.name ?? null
      log.debug('request', { method: request.method, path: request.url.split('?')[0], status, ms: Math.round(ms), who })
    }
  })
}

function actionOf(route: string, prefix: string): string | undefined {
  const action = route.startsWith(`${prefix}/`) ? route.slice(prefix.length + 1) : ''
  return actions.find((one) => one === action)
}

function isDryRun(request: FastifyRequest): boolean {
  return (request.body as { readonly dryRun?: unknown } | null | undefined)?.dryRun === true
}

function resultOf(status: number, result: ActResult | undefined): ActResult {
  if (status >= 500) return 'failed'
  return status >= 400 ? 'refused' : (result ?? 'done')
}
