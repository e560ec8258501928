import swagger from '@fastify/swagger'
import { version as coreVersion, type Connection, type Logger, type PrismaClient } from '@bmdb/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { Pulses } from './events/pulses.ts'
import { FleetView } from './fleet/fleet-view.ts'
import type { Identity } from './identity.ts'
import { forLog, quietLogger } from './log.ts'
import { documentOptions, type OpenAPIServer } from './openapi/document.ts'
import { notFound } from './problem/problem-error.ts'
import { problemOf } from './problem/problem-of.ts'
import { answerHeaders, sendProblem } from './problem/send-problem.ts'
import { admit } from './request/gate.ts'
import { ClientGone } from './request/request-limit.ts'
import { validator } from './request/validator.ts'
import { addActRoutes } from './routes/act-routes.ts'
import { addEventRoutes } from './routes/event-routes.ts'
import { addFleetRoutes } from './routes/fleet-routes.ts'
import { addHistoryRoutes } from './routes/history-routes.ts'
import { addListRoutes } from './routes/list-routes.ts'
import { addMachineRoutes } from './routes/machine-routes.ts'
import { addDocumentRoute } from './routes/document-route.ts'
import type { TObject } from 'typebox'

/** For {@link createApi}. */
export interface ApiOptions {
  /** The open database. The API does not close it. */
  readonly connection: Connection<PrismaClient>
  /** Who asks; null where nobody who is known does: then the answer is 401. What it throws is answered with 500. */
  readonly identify: (request: FastifyRequest) => Promise<Identity | null> | Identity | null
  /** Told of what answers withhold. Default: quiet. */
  readonly logger?: Logger | undefined
  /** The version that `GET me` and the document tell. Default: that of `@bmdb/core`. */
  readonly version?: string | undefined
  /** Where the API can be reached, for the document. Default: where the document comes from. */
  readonly openapiServers?: readonly OpenAPIServer[] | undefined
  /** Milliseconds that a request for reading may take. Default 10 000. */
  readonly readTimeoutMs?: number | undefined
  /** Milliseconds that an act may take, besides the time that a holder is given to let go. Default 30 000. */
  readonly actTimeoutMs?: number | undefined
  /** Told how many streams of events are open, whenever that changes. */
  readonly onEventStreams?: ((open: number) => void) | undefined
}

/** Where the API is, unless whoever registers it gives another prefix. */
export const defaultPrefix = '/api/v1'

/**
 * The API as a plugin of Fastify 5: `app.register(createApi(options), { prefix })`, prefix `/api/v1` unless another is given.
 * It keeps to itself: what it sets binds its own routes only. When the server closes, streams of events end.
 */
export function createApi(options: ApiOptions): FastifyPluginAsync {
  return async (parent) => {
    if (parent.prefix !== '') await addAll(parent, options)
    else await parent.register((instance: FastifyInstance) => addAll(instance, options), { prefix: defaultPrefix })
  }
}

async function addAll(instance: FastifyInstance, options: ApiOptions): Promise<void> {
  const { connection, logger = quietLogger, version = coreVersion } = options
  const view = new FleetView(connection, logger)
  const pulses = new Pulses({
    async ask(wait) {
      const pulse = await connection.fleet.pulse(wait)
      view.notice()
      // What is shared by all was made anew, after an act or as time went by: that is worth reading too.
      return { ...pulse, version: `${pulse.version}.${view.changes}` }
    },
    onAway: (error) => logger.warn('the database does not answer', forLog(error)),
    onStreams: options.onEventStreams,
  })
  speakJson(instance)
  instance.decorateRequest('bmdbIdentity', null as unknown as Identity)
  instance.addHook('onRequest', async (request, reply) => {
    reply.headers(answerHeaders)
    request.setDecorator('bmdbIdentity', admit(request, await options.identify(request)))
  })
  instance.setErrorHandler((error, request, reply) => refuse(error, request, reply, logger))
  instance.setNotFoundHandler((request, reply) => {
    const { pathname } = new URL(request.url, 'http://api')
    return refuse(notFound('ERR_NOT_FOUND', `There is no ${request.method} ${pathname}.`), request, reply, logger)
  })
  instance.addHook('preClose', async () => pulses.close())
  instance.addHook('onClose', async () => view.close())
  await instance.register(swagger, documentOptions(version, options.openapiServers ?? []))
  const limits = { readMs: options.readTimeoutMs ?? 10_000, actMs: options.actTimeoutMs ?? 30_000 }
  const serving = { connection, view, logger, version, limits }
  addFleetRoutes(instance, serving)
  addMachineRoutes(instance, serving)
  addListRoutes(instance, serving)
  addHistoryRoutes(instance, serving)
  addEventRoutes(instance, serving, pulses)
  addActRoutes(instance, serving)
  addDocumentRoute(instance, serving)
}

/** Bodies are JSON, judged by the contract; answers are plain JSON. */
function speakJson(instance: FastifyInstance): void {
  instance.removeAllContentTypeParsers()
  const parser = instance.getDefaultJsonParser('error', 'error')
  instance.addContentTypeParser('application/json', { parseAs: 'string' }, parser)
  instance.setValidatorCompiler<TObject>(({ schema, httpPart }) => {
    return validator(schema, httpPart === 'body' ? 'body' : httpPart === 'params' ? 'path' : 'query')
  })
  instance.setSerializerCompiler(() => (data) => JSON.stringify(data))
}

function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): FastifyReply {
  if (error instanceof ClientGone) return reply.code(499).send()
  const told = problemOf(error)
  const { problem } = told
  const about = { method: request.method, route: request.routeOptions.url, status: problem.status }
  if (problem.status === 500) logger.error('a request failed', { ...about, ...forLog(error) })
  else if (problem.status > 500) logger.warn('a request could not be answered', { ...about, ...forLog(error) })
  return sendProblem(reply, told)
}
