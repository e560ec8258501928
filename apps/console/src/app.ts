import type { Connection, PrismaClient } from '@bmdb/core'
import { createApi, frameworkErrors } from '@bmdb/api'
import type { Log } from '@bmdb/program'
import { fastify, type FastifyInstance } from 'fastify'
import type { Access } from './access/access.ts'
import type { TrustedProxies } from './access/trusted-proxies.ts'
import type { ConsoleMetrics } from './metrics.ts'
import { addObservation } from './observe.ts'
import { addFrontEnd } from './pages/front-end.ts'
import { addLogin } from './pages/login.ts'
import { refuse } from './refuse.ts'
import { crossSiteRefusal } from './same-origin.ts'
import { addSecurityHeaders } from './security-headers.ts'

/** Where the API is. */
export const apiPrefix = '/api/v1'

/** For {@link createApp}. */
export interface AppOptions {
  readonly connection: Connection<PrismaClient>
  readonly access: Access
  readonly trustedProxies: TrustedProxies
  readonly metrics: ConsoleMetrics
  readonly log: Log
  /** Where the built front end is. */
  readonly webDirectory: string
}

/** Makes what answers requests once the database is open: the API, the login and the pages. It listens nowhere itself. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { connection, access, trustedProxies, metrics, log } = options
  const app = fastify({
    // Told by addObservation, without what must not be told.
    logger: false,
    trustProxy: (address) => trustedProxies.includes(address),
    bodyLimit: 65_536,
    routerOptions: { maxParamLength: 1_000 },
    frameworkErrors,
  })
  addObservation(app, apiPrefix, access, metrics, log)
  await addSecurityHeaders(app)
  app.addHook('onRequest', async (request, reply) => {
    const refusal = access.refuses(request) ?? crossSiteRefusal(request)
    if (refusal !== null) return refuse(request, reply, refusal)
  })
  app.setErrorHandler((error: { statusCode?: number; code?: string }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return refuse(request, reply, { status, code: 'ERR_BAD_REQUEST', detail: badRequest })
    log.error('a request failed', { path: request.url.split('?')[0], error })
    return refuse(request, reply, {
      status: 500,
      code: 'ERR_INTERNAL',
      detail: 'It failed: the log of the console says why.',
    })
  })
  await addLogin(app, access)
  const api = createApi({
    connection,
    logger: log,
    identify: (request) => access.identify(request),
    onEventStreams: (open) => metrics.streams(open),
  })
  await app.register(api, { prefix: apiPrefix })
  await addFrontEnd(app, options.webDirectory, access)
  await app.ready()
  return app
}

const badRequest = 'The request cannot be read.'
