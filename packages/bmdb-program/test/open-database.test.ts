import { connect, createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../src/index.ts'
import { emptyDatabase } from './setup.ts'

async function setup(
  databaseUrl: string,
  options: { migrate?: boolean; timeoutMs?: number; signal?: AbortSignal } = {},
) {
  const lines: string[] = []
  const startMs = performance.now()
  const failure = await openDatabase(
    { databaseUrl, componentName: 'painter' },
    { ...options, onLine: (line) => lines.push(line) },
  ).then(
    (connection) => connection.close(),
    (error: unknown) => error as Error & { code?: string },
  )
  return { failure, lines, seconds: (performance.now() - startMs) / 1_000 }
}

test('a database is migrated where that is asked for, and only there', async () => {
  const url = await emptyDatabase()
  const before = await setup(url)
  expect(before.failure).toMatchObject({ code: 'ERR_MIGRATION' })
  expect(before.failure?.message).toMatch(/^the database at 127\.0\.0\.1:\d+\/\S+ lacks .*db:migrate.*$/)
  expect((await setup(url, { migrate: true })).failure).toBeUndefined()
  expect((await setup(url)).failure).toBeUndefined()
})

test.each([
  ['not a URL', 'ERR_INVALID_ARGUMENT'],
  ['mysql://me:s3cret@host/db', 'ERR_INVALID_ARGUMENT'],
  ['postgresql://me:s3cret@host/', 'ERR_INVALID_ARGUMENT'],
  ['postgresql://me:s3/cret@host:5432/db', 'ERR_INVALID_ARGUMENT'],
])('the URL %j fails at once, naming where it came from, without the password', async (url, code) => {
  const { failure, lines, seconds } = await setup(url)
  expect(failure).toMatchObject({ code })
  expect(failure?.message).toMatch(/^--database-url, or BMDB_DATABASE_URL, cannot be used: .+$/)
  expect(failure?.message).not.toContain('cret')
  expect(lines).toEqual([])
  expect(seconds).toBeLessThan(1)
})

test('a wrong password and a missing database fail at once, in one line each', async () => {
  const url = new URL(await emptyDatabase())
  url.password = 's3cret'
  const refused = await setup(url.href)
  expect(refused.failure).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'authentication' })
  expect(refused.failure?.message).not.toMatch(/s3cret|\n/)
  expect(refused.seconds).toBeLessThan(2)

  const missing = new URL(await emptyDatabase())
  missing.pathname = '/no_such_database'
  expect((await setup(missing.href)).failure).toMatchObject({ reason: 'no such database' })
})

test('a database that cannot be reached is waited for, and that is said once', async () => {
  const { failure, lines, seconds } = await setup('postgresql://me:s3cret@127.0.0.1:1/db', { timeoutMs: 2_500 })
  expect(failure).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'unreachable' })
  expect(lines).toEqual(['the database at 127.0.0.1:1/db cannot be reached yet, trying for 3 s'])
  expect(seconds).toBeGreaterThan(1)
  expect(seconds).toBeLessThan(4)
})

test('one that comes up in time is used', async () => {
  const target = new URL(await emptyDatabase())
  await setup(target.href, { migrate: true })
  const proxy = createServer((socket) => {
    const upstream = connect(Number(target.port), '127.0.0.1')
    socket.on('error', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => socket.destroy()).pipe(socket)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const port = (proxy.address() as AddressInfo).port
  proxy.close()
  await once(proxy, 'close')
  onTestFinished(() => void proxy.close())
  const url = new URL(target)
  url.port = String(port)
  setTimeout(() => proxy.listen(port, '127.0.0.1'), 1_500)
  const { failure, lines } = await setup(url.href, { timeoutMs: 10_000 })
  expect(failure).toBeUndefined()
  expect(lines).toHaveLength(1)
})

test('an abort ends the waiting at once', async () => {
  const reason = new Error('enough')
  const controller = new AbortController()
  setTimeout(() => controller.abort(reason), 100)
  const { failure, seconds } = await setup('postgresql://127.0.0.1:1/db', { signal: controller.signal })
  expect(failure).toBe(reason)
  expect(seconds).toBeLessThan(1)
})
