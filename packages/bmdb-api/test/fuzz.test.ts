import fc from 'fast-check'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { expect, test } from 'vitest'
import { brokenText } from '../src/request/well-formed.ts'
import { busyFleet } from './fleet.ts'
import { brokenBody, encoded, fitting, hostileText, query, type Schema } from './generated.ts'
import { api, operator, problem, rowCounts, serve, viewer } from './setup.ts'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema: Schema
}

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } }
}

/** A stack, or SQL: nothing of what was sent looks like that. */
const secret = /\bat \S+.*:\d+|node_modules|\bSELECT\b|\bINSERT\b|\bUPDATE\b|\bFROM \w|syntax error|SQLSTATE/

/** Each operation has so many tries: by time, a busy machine would try nothing. */
const each = { numRuns: 40 }

async function operations(app: FastifyInstance): Promise<{ url: string; get?: Operation; post?: Operation }[]> {
  const document: { paths: Record<string, object> } = (await app.inject('/api/v1/openapi.json')).json()
  return Object.entries(document.paths).map(([url, item]) => ({ url, ...item }))
}

/** It was understood, or refused by a problem that says what is wrong. */
function judge(response: LightMyRequestResponse): void {
  expect(response.statusCode, response.body).toBeLessThan(500)
  if (response.statusCode < 400) return
  const { detail } = problem(response)
  expect(response.body).not.toMatch(secret)
  expect(detail).toMatch(/\S/)
  expect(detail.length).toBeLessThan(700)
}

test('whatever is asked, the answer is an answer or a problem, and nothing is written', async () => {
  const { database, connection, machineIds, app } = await api(6, viewer)
  await busyFleet(connection, database, machineIds)
  const acting = await serve(connection, operator)
  const withToken = await serve(connection, { ...operator, csrfToken: 'a token that nobody guesses' })
  const before = await rowCounts(database)

  for (const { url, get, post } of await operations(app)) {
    const parameters = get?.parameters ?? []
    const ids = [...machineIds]
    // Without anything wrong, the stream of events would go on.
    const known = Object.fromEntries(
      parameters.filter((one) => one.in === 'query').map((one) => [one.name, one.schema]),
    )
    if (get !== undefined && get.operationId !== 'streamEvents')
      await fc.assert(
        fc.asyncProperty(
          fc.oneof({ weight: 6, arbitrary: fitting({ format: 'uuid' }, ids) }, { weight: 1, arbitrary: hostileText }),
          query(known, ids),
          async (id, asked) => judge(await app.inject(`${url.replace('{id}', encoded(String(id)))}?${asked}`)),
        ),
        each,
      )
    if (post === undefined) continue
    const { schema } = post.requestBody!.content['application/json']
    const fits = Compile(schema as TSchema)
    const send = async (to: FastifyInstance, body: unknown, csrf: string) => {
      const headers = { 'content-type': 'application/json', 'x-bmdb-csrf': csrf }
      const response = await to.inject({ method: 'POST', url, payload: JSON.stringify(body), headers })
      judge(response)
      return response.statusCode
    }
    await fc.assert(
      fc.asyncProperty(fitting(schema, ids), fc.string({ unit: 'grapheme-ascii' }), async (body, csrf) => {
        expect(await send(app, body, csrf)).toBe(403)
        expect(await send(withToken, body, csrf)).toBe(403)
      }),
      each,
    )
    await fc.assert(
      fc.asyncProperty(brokenBody(schema, ids), async (body) => {
        fc.pre(!fits.Check(body) || brokenText(body) !== undefined)
        expect(await send(acting, body, '')).toBe(400)
      }),
      each,
    )
  }
  // Whatever an operator does leaves a row in their history, so this is all that could have changed.
  expect(await rowCounts(database)).toEqual(before)
})
