import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { BMDB, type BMDBConfig, type Connection, type PrismaClient } from '@bmdb/core'
import { createLog, readSettings, type Log } from '@bmdb/program'
import { filesHash, testDatabases, type TestDatabase } from '@bmdb/testing'
import { Registry } from 'prom-client'
import { onTestFinished } from 'vitest'
import { accessOf } from '../src/access/access-of.ts'
import { createApp } from '../src/app.ts'
import { usage } from '../src/config.ts'
import { consoleMetrics } from '../src/metrics.ts'
import { Lines } from './lines.ts'
import { send, type Answer, type RequestHeaders } from './send.ts'

const migrated = testDatabases({
  prepare: async (databaseUrl) => {
    const connection = await new BMDB({ databaseUrl, componentName: 'template' }).open({ migrate: true })
    await connection.close()
  },
  templateName: `bmdb-${filesHash(join(import.meta.dirname, '../../../prisma/migrations'))}`,
})

/** A migrated database of one test's own. */
export async function testDatabase(): Promise<TestDatabase> {
  const database = await (await migrated).create()
  onTestFinished(() => database.drop())
  return database
}

/** Opens a database until the test is over. */
export async function open(databaseUrl: string, config: Partial<BMDBConfig> = {}): Promise<Connection<PrismaClient>> {
  const connection = await new BMDB({ databaseUrl, componentName: 'test', ...config }).open()
  onTestFinished(() => connection.close())
  return connection
}

/** A directory of one test's own. */
export async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bmdb-console-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Writes a file that nobody else may read, unless the mode says otherwise. */
export async function writeTokens(text: string, mode = 0o600): Promise<string> {
  const path = join(await emptyDirectory(), 'tokens')
  await writeFile(path, text, { mode })
  return path
}

export const annsToken = 'ann-0123456789-0123456789'
export const bobsToken = 'bob-0123456789-0123456789'

/** A front end as it is built: a page, and an asset whose name has a hash. */
async function builtFrontEnd(): Promise<string> {
  const directory = await emptyDirectory()
  await mkdir(join(directory, 'assets'))
  await writeFile(
    join(directory, 'index.html'),
    '<!doctype html><html><head><meta name="csp-nonce" content="__CSP_NONCE__"><script type="module" src="/assets/main-abc123.js"></script></head><body></body></html>',
  )
  await writeFile(join(directory, 'assets/main-abc123.js'), 'export {}')
  await writeFile(join(directory, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  return directory
}

/** A console that answers over HTTP on loopback, on a real database. */
export interface TestConsole {
  readonly url: string
  readonly database: TestDatabase
  readonly connection: Connection<PrismaClient>
  readonly registry: Registry
  /** What it logged, at `debug`. */
  readonly lines: Lines
  /** Sends a request; redirections are not followed. */
  readonly get: (path: string, headers?: RequestHeaders) => Promise<Answer>
  readonly post: (path: string, headers?: RequestHeaders, body?: string) => Promise<Answer>
}

/** Starts one with these flags, its clock in the test's hands. */
export async function startConsole(
  flags: readonly string[] = [],
  { nowMs = () => performance.now(), poolSize = 4 }: { nowMs?: () => number; poolSize?: number } = {},
): Promise<TestConsole> {
  const settings = readSettings(usage, flags, {})
  if (settings === 'help') throw new Error('the flags ask for help')
  const database = await testDatabase()
  const lines = new Lines()
  const log: Log = createLog({ name: 'console', level: 'debug', stream: lines })
  const connection = await open(database.url, { logger: log, poolSize })
  const access = accessOf(settings, { userName: 'tester', fileModes: true, nowMs })
  const registry = new Registry()
  const app = await createApp({
    connection,
    access,
    trustedProxies: settings.trustedProxies,
    metrics: consoleMetrics(registry),
    log,
    webDirectory: await builtFrontEnd(),
  })
  const server = createServer((request, response) => app.routing(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    const closed = app.close()
    server.closeAllConnections()
    server.close()
    await closed
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    database,
    connection,
    registry,
    lines,
    get: (path, headers = {}) => send(url + path, 'GET', headers),
    post: (path, headers = {}, body = '{}') =>
      send(url + path, 'POST', { 'Content-Type': 'application/json', ...headers }, body),
  }
}

/** Sends the login's form. */
export function logIn(
  { post }: Pick<TestConsole, 'post'>,
  token: string,
  headers: RequestHeaders = {},
  next = '/',
): Promise<Answer> {
  const form = { 'Content-Type': 'application/x-www-form-urlencoded', ...headers }
  return post('/login', form, String(new URLSearchParams({ token, next })))
}

/** The cookie of an answer, as a browser sends it back. */
export function cookieOf({ headers }: Answer): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}
