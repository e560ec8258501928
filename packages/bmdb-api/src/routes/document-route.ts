import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { addRead } from './route.ts'
import type { Serving } from './serving.ts'

/** What describes the API. */
export function addDocumentRoute(instance: FastifyInstance, serving: Serving): void {
  addRead(
    instance,
    serving,
    {
      url: '/openapi.json',
      operationId: 'getDocument',
      tag: 'Fleet',
      summary: 'This description of the API, in OpenAPI 3.1',
      answer: Type.Record(Type.String(), Type.Unknown()),
    },
    async () => instance.swagger() as unknown as Record<string, unknown>,
  )
}
