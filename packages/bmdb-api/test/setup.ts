import { join } from 'node:path'
import { env } from 'node:process'
import { BMDB, type BMDBConfig, type Connection, type PrismaClient } from '@bmdb/core'
import { filesHash, testDatabases, type TestDatabase } from '@bmdb/testing'
import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import { expect, onTestFinished } from 'vitest'
import { createApi, frameworkErrors, type ApiOptions, type Identity, type Problem } from '../src/index.ts'

const databases = testDatabases({
  serverUrl: env['BMDB_TEST_DATABASE_URL'],
  prepare: (databaseUrl) => new BMDB({ databaseUrl, componentName: 'template' }).open({ migrate: true }),
  templateName: `bmdb-${filesHash(join(import.meta.dirname, '../../../prisma/migrations'))}`,
})

/** A migrated database of one test's own. */
export async function testDatabase(): Promise<TestDatabase> {
  const database = await (await databases).create()
  onTestFinished(() => database.drop())
  return database
}

/** Opens a database until the test is over. */
export async function open(databaseUrl: string, config: Partial<BMDBConfig> = {}): Promise<Connection<PrismaClient>> {
  const connection = await new BMDB({ databaseUrl, componentName: 'test', runtimeInfo: 'a test', ...config }).open()
  onTestFinished(() => connection.close())
  return connection
}

export const operator: Identity = { name: 'anna', role: 'operator', csrfToken: null, canLogOut: false }
export const viewer: Identity = { name: 'vera', role: 'viewer', csrfToken: null, canLogOut: false }

/** A server with the API under its default prefix, until the test is over. */
export async function serve(
  connection: Connection<PrismaClient>,
  identity: Identity | null = operator,
  options: Partial<ApiOptions> = {},
): Promise<FastifyInstance> {
  const app = Fastify({ frameworkErrors })
  onTestFinished(() => app.close())
  await app.register(createApi({ connection, identify: () => identity, ...options }))
  await app.ready()
  return app
}

/** A database with a connection, so many machines, and the API over it. */
export async function api(machines = 0, identity?: Identity | null, options?: Partial<ApiOptions>) {
  const database = await testDatabase()
  const connection = await open(database.url)
  const machineIds: string[] = []
  for (let number = 0; number < machines; number++)
    machineIds.push(await connection.operator('setup').addMachine({ reason: 'test' }))
  const app = await serve(connection, identity, options)
  return { database, connection, machineIds: machineIds as [string, string, ...string[]], app, ...asking(app) }
}

/** Asks the API. */
export function asking(app: FastifyInstance) {
  /** What it answers with 200. */
  const read = async <Answer>(path: string): Promise<Answer> => answered(await app.inject(`/api/v1/${path}`))
  const act = async <Answer>(path: string, body: object): Promise<Answer> => answered(await post(app, path, body))
  /** The problem that it refuses with. */
  const refusal = async (path: string, body?: object, headers: Record<string, string> = {}): Promise<Problem> => {
    const url = `/api/v1/${path}`
    return problem(body === undefined ? await app.inject({ url, headers }) : await post(app, path, body, headers))
  }
  return { read, act, refusal }
}

function answered<Answer>(response: LightMyRequestResponse): Answer {
  expect(response.statusCode, response.body).toBe(200)
  return response.json()
}

export async function post(
  app: FastifyInstance,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> {
  return app.inject({ method: 'POST', url: `/api/v1/${path}`, payload: body, headers })
}

/** The problem in an answer, which is nothing but that. */
export function problem(response: LightMyRequestResponse): Problem {
  expect(response.headers['content-type'], response.body).toContain('application/problem+json')
  const found: Problem = response.json()
  expect(Object.keys(found).sort()).toEqual(['code', 'detail', 'status', 'title'])
  expect(found.status).toBe(response.statusCode)
  return found
}

/** Resolves with the first value of `look` that is neither undefined nor false. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  limitMs = 15_000,
): Promise<Exclude<T, undefined | false>> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const value = await look()
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>
    if (performance.now() > endMs) throw new Error(`it did not come about within ${limitMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** How many rows every table has: what is compared to prove that nothing was written. */
export async function rowCounts({ sql }: TestDatabase): Promise<Record<string, number>> {
  const tables = await sql<{ name: string }>(
    `SELECT table_name::text AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name`,
  )
  const counted = tables.map(({ name }) => `SELECT '${name}' AS name, count(*)::int4 AS many FROM "${name}"`)
  const rows = await sql<{ name: string; many: number }>(counted.join(' UNION ALL '))
  return Object.fromEntries(rows.map(({ name, many }) => [name, many]))
}
