import type { FastifyInstance } from 'fastify'
import {
  Backoff,
  BackoffQuery,
  EndedSession,
  EndedSessionQuery,
  HeldWork,
  pageOf,
  Session,
  SessionDetails,
  SessionQuery,
  Uuid,
  WorkQuery,
} from '../contract/index.ts'
import { notFound } from '../problem/problem-error.ts'
import { addRead } from './route.ts'
import type { Serving } from './serving.ts'

/** Sessions, work and backoffs. */
export function addListRoutes(instance: FastifyInstance, serving: Serving): void {
  const { fleet } = serving.connection
  addRead(
    instance,
    serving,
    {
      url: '/sessions',
      operationId: 'listSessions',
      tag: 'Sessions',
      summary: 'Sessions that have not ended',
      query: SessionQuery.properties,
      answer: pageOf(Session),
    },
    ({ query: { order = 'newest', ...filter }, wait }) => fleet.sessions({ ...filter, order, ...wait() }),
  )
  addRead(
    instance,
    serving,
    {
      url: '/sessions/:id',
      operationId: 'getSession',
      tag: 'Sessions',
      summary: 'One session, alive or over, with what it holds',
      description: 'Of what it holds, the first 1000 are shown.',
      path: { id: Uuid },
      answer: SessionDetails,
      mayBeMissing: true,
    },
    async ({ path: { id }, wait }) => {
      const [session = null] = (await fleet.sessions({ id, ...wait() })).rows
      if (session !== null) {
        const { rows: work } = await fleet.work({ sessionId: id, limit: 1_000, ...wait() })
        return { session, ended: null, work }
      }
      // Only now: it cannot have been there before, and not have ended by now.
      const [ended] = (await fleet.endedSessions({ id, ...wait() })).rows
      if (ended === undefined) throw notFound('ERR_SESSION_NOT_FOUND', `There is no session ${id}, and there was none.`)
      return { session: null, ended, work: [] }
    },
  )
  addRead(
    instance,
    serving,
    {
      url: '/ended-sessions',
      operationId: 'listEndedSessions',
      tag: 'Sessions',
      summary: 'Sessions that are over, the last one first',
      query: EndedSessionQuery.properties,
      answer: pageOf(EndedSession),
    },
    ({ query, wait }) => fleet.endedSessions({ ...query, ...wait() }),
  )
  addRead(
    instance,
    serving,
    {
      url: '/work',
      operationId: 'listWork',
      tag: 'Work',
      summary: 'Work that is held',
      query: WorkQuery.properties,
      answer: pageOf(HeldWork),
    },
    ({ query: { order = 'oldest', ...filter }, wait }) => fleet.work({ ...filter, order, ...wait() }),
  )
  addRead(
    instance,
    serving,
    {
      url: '/backoffs',
      operationId: 'listBackoffs',
      tag: 'Backoffs',
      summary: 'Backoffs in force, and what is parked',
      query: BackoffQuery.properties,
      answer: pageOf(Backoff),
    },
    ({ query, wait }) => fleet.backoffs({ ...query, ...wait() }),
  )
}
