import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Pulses } from '../events/pulses.ts'
import { addRead } from './route.ts'
import type { Serving } from './serving.ts'

/** Whether something happened, while it happens. */
export function addEventRoutes(instance: FastifyInstance, serving: Serving, pulses: Pulses): void {
  addRead(
    instance,
    serving,
    {
      url: '/events',
      operationId: 'streamEvents',
      tag: 'Fleet',
      summary: 'A pulse every second: the database’s time, and whether something happened',
      description:
        'Server-sent events named `pulse`. The data of each is JSON: `reachable`, whether the database answers; `now`, its ' +
        'time, or null; `version`, which changes whenever lists are worth reading again.',
      answer: Type.String(),
      mediaType: 'text/event-stream',
    },
    async ({ reply, identity: { name } }) => {
      pulses.assertRoom(name)
      reply.hijack()
      reply.raw.writeHead(200, {
        // What others have set, such as a policy of the whole server.
        ...withoutUndefined(reply.getHeaders()),
        'Content-Type': 'text/event-stream; charset=utf-8',
        'X-Accel-Buffering': 'no',
      })
      pulses.add(reply.raw, name)
      return undefined
    },
  )
}

function withoutUndefined<T>(headers: Record<string, T | undefined>): Record<string, T> {
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, T] => entry[1] !== undefined))
}
