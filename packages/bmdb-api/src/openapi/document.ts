import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { Problem } from '../contract/index.ts'
import { byName, namedSchemas } from './named-schemas.ts'

/** Where the API is, for the document. */
export interface OpenAPIServer {
  readonly url: string
  readonly description?: string
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** With which statuses the route may answer besides 200. */
    readonly problems?: readonly number[]
  }
}

const problems: Record<number, readonly [name: string, description: string]> = {
  400: ['BadRequest', 'A value is out of range, or not known; the detail names it'],
  401: ['Unauthenticated', 'Nobody who is known asks'],
  403: ['Forbidden', 'A viewer acts, or the header X-BMDB-CSRF is missing or wrong'],
  404: ['NotFound', 'There is no such thing'],
  409: ['Conflict', 'Somebody holds it, or a rule is against it'],
  413: ['TooLarge', 'The body is larger than 64 KiB'],
  415: ['NoJSON', 'The body is not application/json'],
  503: [
    'Unavailable',
    'The database is away, or too much is asked at a time; of an act, the code says whether it may have been done',
  ],
  504: ['TooSlow', 'The database did not answer in time'],
}

const security = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A token, where the server takes tokens; programs use it' },
  csrf: {
    type: 'apiKey',
    in: 'header',
    name: 'X-BMDB-CSRF',
    description:
      'The `csrfToken` that `GET me` gave, beside whatever tells who asks, such as a cookie; browsers use it',
  },
} as const

/** Options of the plugin that writes the document. */
export function documentOptions(version: string, servers: readonly OpenAPIServer[]): FastifyDynamicSwaggerOptions {
  const statuses = new Map<string, readonly number[]>()
  return {
    mode: 'dynamic',
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'BMDB',
        version,
        description:
          'What operators look at and do: machines, sessions, work, backoffs, processes and the history. Lists come in ' +
          'pages by their key. Acts need a reason, are done once, and leave a row in the history. Errors are problems as ' +
          'RFC 9457 has them, with a stable code.',
        license: { name: 'MIT' },
      },
      ...(servers.length === 0 ? {} : { servers: servers.map((server) => ({ ...server })) }),
      tags: ['Fleet', 'Machines', 'Processes', 'Sessions', 'Work', 'Backoffs', 'History'].map((name) => ({ name })),
      components: { securitySchemes: security },
    },
    transform({ schema, url, route }) {
      statuses.set(String(schema.operationId), route.config?.problems ?? [])
      // Who reads may need nothing besides what tells who asks, which is up to the server.
      const needed = route.method === 'POST' ? [{ bearer: [] }, { csrf: [] }] : [{ bearer: [] }, {}]
      return { schema: { ...schema, security: needed }, url }
    },
    transformObject: (given) =>
      !('openapiObject' in given) ? given.swaggerObject : complete(given.openapiObject as Document, statuses),
  }
}

type Transform = NonNullable<FastifyDynamicSwaggerOptions['transformObject']>

/** As much of a document as is completed. */
interface Document {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: object
}

interface Operation {
  readonly operationId?: string
  responses?: Record<string, unknown>
}

/** Adds what is the same for many routes: problems, and schemas by their names. */
function complete(given: Document, statuses: ReadonlyMap<string, readonly number[]>): ReturnType<Transform> {
  const { paths = {}, components, ...rest } = byName(given)
  for (const operation of Object.values(paths).flatMap((item) => Object.values(item))) {
    operation.responses ??= {}
    for (const status of statuses.get(String(operation.operationId)) ?? [])
      operation.responses[status] = { $ref: `#/components/responses/${problems[status]![0]}` }
  }
  const responses = Object.values(problems).map(([name, description]) => [name, answer(description)] as const)
  const all = { ...components, schemas: namedSchemas(), responses: byName(Object.fromEntries(responses)) }
  return { ...rest, paths, components: all }
}

function answer(description: string) {
  return { description, content: { 'application/problem+json': { schema: Problem as object } } }
}
