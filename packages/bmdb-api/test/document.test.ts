import { Validator } from '@seriousme/openapi-schema-validator'
import Fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { bulkVerbs, createApi, verbs } from '../src/index.ts'
import { api, open, operator, testDatabase } from './setup.ts'

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: string[]
  readonly security: object[]
  readonly responses: Record<string, object>
}

type Paths = Record<string, Record<string, Operation>>

test('the document is valid OpenAPI, with everything that an operator does in it', async () => {
  const { app } = await api(0)
  const document: { openapi: string; paths: Paths } = (await app.inject('/api/v1/openapi.json')).json()
  const { valid, errors } = await new Validator().validate(structuredClone(document))
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
  expect(document.openapi).toBe('3.1.0')
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item))
  const ids = operations.map(({ operationId }) => operationId)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toEqual(expect.arrayContaining([...Object.keys(verbs), ...Object.keys(bulkVerbs)]))
  for (const operation of operations) {
    expect(operation.summary, operation.operationId).toMatch(/\S/)
    expect(operation.tags, operation.operationId).toHaveLength(1)
    expect(operation.security.length, operation.operationId).toBeGreaterThan(0)
    expect(Object.keys(operation.responses), operation.operationId).toEqual(
      expect.arrayContaining(['200', '400', '401', '503']),
    )
  }
  for (const { post } of Object.values(document.paths).filter((item) => item['post'] !== undefined))
    expect(Object.keys(post!.responses)).toEqual(expect.arrayContaining(['403', '404', '409']))
})

test('every route is in the document, and refers to nothing that is not', async () => {
  const connection = await open((await testDatabase()).url)
  const app = Fastify()
  onTestFinished(() => app.close())
  const routes: string[] = []
  app.addHook('onRoute', ({ method, url }) => void routes.push(`${String(method).toLowerCase()} ${url}`))
  await app.register(createApi({ connection, identify: () => operator }), { prefix: '/elsewhere' })
  const { body } = await app.inject('/elsewhere/openapi.json')
  const { paths, components } = JSON.parse(body) as { paths: Paths; components: Record<string, object> }
  const described = Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((verb) => `${verb} ${path}`))
  expect(described.sort()).toEqual(routes.map((route) => route.replace(':id', '{id}')).sort())
  for (const [, kind, name] of body.matchAll(/#\/components\/(\w+)\/(\w+)/g))
    expect(Object.keys(components[kind!]!)).toContain(name)
})
