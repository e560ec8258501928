import type { FastifyInstance } from 'fastify'
import type { TObject } from 'typebox'
import { acts, type Act } from '../acts/acts.ts'
import { bulkActs, type BulkAct } from '../acts/bulk-acts.ts'
import { performBulk, type BulkBody } from '../acts/perform-bulk.ts'
import { BulkDone, bulkVerbs, Done, verbs, type BulkVerbName, type Verb, type VerbName } from '../contract/index.ts'
import type { LimitedWait } from '../fleet/within.ts'
import { RequestLimit } from '../request/request-limit.ts'
import { exactly, identityOf } from './route.ts'
import type { Serving } from './serving.ts'

/** How much longer than one act those on all that matches may take. */
const bulkTimes = 2
const defaultGraceSeconds = 10
/** No act brings more. */
const mostBytes = 65_536

/** Whatever operators do. */
export function addActRoutes(instance: FastifyInstance, serving: Serving): void {
  const { connection, limits } = serving
  for (const name of Object.keys(verbs) as VerbName[]) {
    const act = acts[name] as Act<unknown>
    addAct(instance, serving, { name, verb: verbs[name], answer: Done }, async (operatorName, body, limitOf) => {
      const { reason, ...given } = body as { reason: string; graceSeconds?: number }
      const grace = name === 'release' ? (given.graceSeconds ?? defaultGraceSeconds) : 0
      const options = { ...limitOf(limits.actMs + grace * 1_000)(), reason }
      return act(connection.operator(operatorName), given, options, connection)
    })
  }
  for (const name of Object.keys(bulkVerbs) as BulkVerbName[]) {
    const bulk = bulkActs[name] as BulkAct<unknown, unknown>
    addAct(instance, serving, { name, verb: bulkVerbs[name], answer: BulkDone }, (operatorName, body, limitOf) => {
      const given = body as BulkBody<unknown>
      const limit = limitOf(bulkTimes * limits.actMs + (bulk.graceSeconds?.(given.filter) ?? 0) * 1_000)
      return performBulk(connection, operatorName, bulk, given, limit)
    })
  }
}

interface Described {
  readonly name: string
  readonly verb: Verb
  readonly answer: TObject
}

function addAct(
  instance: FastifyInstance,
  { view }: Serving,
  { name, verb, answer }: Described,
  perform: (
    operatorName: string,
    body: unknown,
    limitOf: (timeoutMs: number) => () => LimitedWait,
  ) => Promise<{ done: boolean | number }>,
): void {
  const schema = {
    operationId: name,
    summary: verb.summary,
    tags: [verb.noun.charAt(0).toUpperCase() + verb.noun.slice(1)],
    querystring: exactly({}),
    body: verb.body,
    response: { 200: { description: 'What came of it', content: { 'application/json': { schema: answer } } } },
  }
  const config = { problems: [400, 401, 403, 404, 409, 413, 415, 503, 504] }
  const url = `/${verb.noun}/${verb.verb}`
  instance.post(url, { schema, config, bodyLimit: mostBytes }, async (request, reply) => {
    const limitOf = (timeoutMs: number) => {
      const limit = new RequestLimit(reply, timeoutMs)
      return () => limit.wait()
    }
    try {
      return await perform(identityOf(request).name, request.body, limitOf)
    } finally {
      // Where it failed too: some of it may have been done.
      view.acted()
    }
  })
}
