import { Type, type Static, type TObject, type TProperties, type TSchema } from 'typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Identity } from '../identity.ts'
import type { LimitedWait } from '../fleet/within.ts'
import { RequestLimit } from '../request/request-limit.ts'
import type { Serving } from './serving.ts'

/** What JSON has as text may be a time still. */
export type Unserialized<T> = T extends string
  ? T | Date
  : T extends readonly (infer Part)[]
    ? readonly Unserialized<Part>[]
    : T extends object
      ? { readonly [Key in keyof T]: Unserialized<T[Key]> }
      : T

/** What a handler gets. */
export interface Asked<Path, Query> {
  readonly path: Path
  readonly query: Query
  readonly identity: Identity
  /** What is left of the request's time, for one call. */
  readonly wait: () => LimitedWait
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** What a route is called in the documentation, and what it takes and answers. */
export interface RouteDescription<
  Path extends TProperties,
  Query extends TProperties,
  Answer extends TSchema = TSchema,
> {
  readonly url: string
  readonly operationId: string
  readonly tag: string
  /** A few words, without a full stop. */
  readonly summary: string
  readonly description?: string
  readonly path?: Path
  readonly query?: Query
  readonly answer: Answer
  /** Default `application/json`. */
  readonly mediaType?: string
  /** Whether there may be no such thing: 404. */
  readonly mayBeMissing?: boolean
}

/** An object that has nothing but these properties. */
export function exactly<Properties extends TProperties>(properties: Properties): TObject<Properties> {
  return Type.Object(properties, { additionalProperties: false })
}

/** Who asks: the gate has let them in. */
export function identityOf(request: FastifyRequest): Identity {
  return request.getDecorator<Identity>('bmdbIdentity')
}

/** Adds a route that only reads. What its handler returns is the answer; undefined where it answers itself. */
export function addRead<
  Answer extends TSchema,
  Path extends TProperties = Record<never, never>,
  Query extends TProperties = Record<never, never>,
>(
  instance: FastifyInstance,
  { limits }: Pick<Serving, 'limits'>,
  route: RouteDescription<Path, Query, Answer>,
  handle: (
    asked: Asked<Static<TObject<Path>>, Static<TObject<Query>>>,
  ) => Promise<Unserialized<Static<Answer>> | undefined>,
): void {
  const { url, answer, mediaType = 'application/json', description } = route
  const schema = {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.tag],
    ...(description === undefined ? {} : { description }),
    ...(route.path === undefined ? {} : { params: exactly(route.path) }),
    querystring: exactly(route.query ?? {}),
    response: { 200: { description: route.summary, content: { [mediaType]: { schema: answer } } } },
  }
  const config = { problems: [400, 401, ...(route.mayBeMissing === true ? [404] : []), 503, 504] }
  instance.get(url, { schema, config, exposeHeadRoute: false }, async (request, reply) => {
    const limit = new RequestLimit(reply, limits.readMs)
    const answered = await handle({
      path: request.params as Static<TObject<Path>>,
      query: request.query as Static<TObject<Query>>,
      identity: identityOf(request),
      wait: () => limit.wait(),
      request,
      reply,
    })
    return answered === undefined ? reply : answered
  })
}
