import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startWireProxy } from '@bmdb/testing'
import Fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createApi } from '../src/index.ts'
import { session } from './fleet.ts'
import { api, asking, eventually, open, operator, post, problem, rowCounts, serve, testDatabase } from './setup.ts'

const nobody = '00000000-0000-4000-8000-000000000000'

describe('a value that does not fit', () => {
  test('is refused with its name, and with what it must be', async () => {
    const { refusal } = await api(0)
    const refused: [path: string, detail: string][] = [
      ['machines?color=red&size=2', 'The query has no "color", "size".'],
      ['machines?limit=0', 'limit is 0: it must be >= 1.'],
      ['machines?limit=1e2', 'limit is "1e2": it must be a whole number.'],
      ['machines?limit=99999999999999999999', 'limit is "99999999999999999999": it must be a whole number.'],
      ['machines?limit=1&limit=2', 'limit is an array: it must be a whole number.'],
      ['machines?retired=yes', 'retired is "yes": it must be true or false.'],
      ['machines?state=asleep', 'state is "asleep": it must be one of "held", "backoff", "parked".'],
      ['history?event=Gone', 'event is "Gone": it must be one of "Started"'],
      ['history?from=yesterday', 'from is "yesterday": it must be a time such as'],
      ['history?from=0000-01-01T00:00:00Z', 'from is "0000-01-01T00:00:00Z": it must be a time such as'],
      ['machines/abc', 'id is "abc": it must be a UUID.'],
      ['machines?after=zzz', 'after is "zzz", it must be the `next` of an earlier page'],
      ['machines?search=%00', 'search holds NUL'],
      ['machines?kind=rack', 'kind and domain are given together'],
      ['machines?fact=soul', 'fact is "soul"'],
      [`machines/${nobody}/explanation`, 'The query lacks "process".'],
    ]
    for (const [path, detail] of refused) {
      const found = await refusal(path)
      expect([found.status, found.code], path).toEqual([400, 'ERR_INVALID_ARGUMENT'])
      expect(found.detail, path).toContain(detail)
    }
  })

  test('is refused in a body too, and nothing is written', async () => {
    const { database, app, machineIds, refusal } = await api(1)
    const before = await rowCounts(database)
    const machineId = machineIds[0]
    const refused: [path: string, body: object, detail: string][] = [
      ['machines/retire', { machineId }, 'The body lacks "reason".'],
      ['machines/retire', { machineId, reason: ' ' }, 'reason is " "'],
      ['machines/retire', { machineId, reason: 'x'.repeat(501) }, 'reason is "xxx'],
      ['machines/retire', { machineId, reason: '\0' }, 'reason holds NUL or half of a surrogate pair'],
      ['machines/retire', { machineId, reason: 'half: \ud83d' }, 'reason holds NUL or half of a surrogate pair'],
      ['machines/retire', { machineId, reason: 'x', force: true }, 'The body has no "force".'],
      ['machines/lock-out', { machineId, reason: 'x', seconds: '60' }, 'seconds is "60": it must be a whole number.'],
      ['machines/lock-out', { machineId, reason: 'x', seconds: 1e300 }, 'seconds is 1e+300'],
      ['work/release-matching', { filter: {} }, 'The body lacks "reason".'],
      ['work/release-matching', { reason: 'x', filter: { all: 1 } }, 'filter has no "all".'],
      ['backoffs/unpark-matching', { reason: 'x', filter: { parked: false } }, 'filter.parked is false'],
      ['backoffs/clear-matching', { reason: 'x', filter: { parked: true } }, 'filter.parked is true'],
      ['machines/retire', ['x'], 'The body is an array: it must be an object.'],
    ]
    for (const [path, body, detail] of refused) {
      const found = await refusal(path, body)
      expect([found.status, found.code], path).toEqual([400, 'ERR_INVALID_ARGUMENT'])
      expect(found.detail, path).toContain(detail)
    }
    for (const payload of ['', '{', '"x"', '{"__proto__":{"reason":"x"}}', '['.repeat(30_000)]) {
      const headers = { 'content-type': 'application/json' }
      const response = await app.inject({ method: 'POST', url: '/api/v1/machines/retire', payload, headers })
      expect(problem(response).status, payload.slice(0, 40)).toBe(400)
    }
    const large = await post(app, 'machines/retire', { machineId, reason: 'x'.repeat(70_000) })
    expect(problem(large)).toMatchObject({ status: 413, code: 'ERR_TOO_LARGE' })
    expect(await rowCounts(database)).toEqual(before)
  })
})

test('what there is not is not found', async () => {
  const { refusal } = await api(0)
  expect(await refusal('machines/%ff')).toMatchObject({
    status: 400,
    detail: expect.stringContaining('encoded') as string,
  })
  const missing: [path: string, code: string][] = [
    ['nothing', 'ERR_NOT_FOUND'],
    [`machines/${nobody}`, 'ERR_MACHINE_NOT_FOUND'],
    [`machines/${nobody}/explanations`, 'ERR_MACHINE_NOT_FOUND'],
    [`machines/${nobody}/explanation?process=x`, 'ERR_MACHINE_NOT_FOUND'],
    [`sessions/${nobody}`, 'ERR_SESSION_NOT_FOUND'],
  ]
  for (const [path, code] of missing) expect(await refusal(path), path).toMatchObject({ status: 404, code })
  const body = { machineId: nobody, process: 'x', reason: 'x' }
  expect(await refusal('backoffs/park', body)).toMatchObject({ status: 404, code: 'ERR_MACHINE_NOT_FOUND' })
})

test('a machine that is held is not retired, and the problem says who holds it', async () => {
  const { connection, machineIds, refusal } = await api(1)
  const holder = await session(connection)
  await holder.startWork('Inventory', machineIds)
  const refused = await refusal('machines/retire', { machineId: machineIds[0], reason: 'old' })
  expect(refused).toMatchObject({ status: 409, code: 'ERR_WORK_CONFLICT' })
  expect(refused.detail).toContain(holder.id)
})

test('what fails here says so, and the log why', async () => {
  const logged: unknown[] = []
  const note = (message: string, fields?: object) => logged.push({ message, ...fields })
  const logger = { debug: note, info: note, warn: note, error: note }
  const identify = () => Promise.reject(new Error('SELECT of the password failed'))
  const { app } = await api(0, undefined, { identify, logger })
  const response = await app.inject('/api/v1/machines')
  expect(problem(response)).toMatchObject({ status: 500, code: 'ERR_INTERNAL' })
  expect(response.body).not.toMatch(/SELECT|password|\bat /)
  expect(logged).toMatchObject([{ message: 'a request failed', error: 'SELECT of the password failed' }])
})

test('what nobody waits for any more is given up', async () => {
  const database = await testDatabase()
  const proxy = await startWireProxy(database.url)
  onTestFinished(() => proxy.close())
  const connection = await open(proxy.url)
  const app = Fastify()
  onTestFinished(() => app.close())
  const failed = new Promise<Error>((resolve) =>
    app.addHook('onError', async (_request, _reply, error) => resolve(error)),
  )
  await app.register(createApi({ connection, identify: () => operator }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const struck = proxy.next('work_progress', { do: 'hold', when: 'before' })
  const path = '/api/v1/work'
  const request = get({ host: '127.0.0.1', port, path, agent: false }).on('error', () => {})
  await struck
  const beganMs = performance.now()
  request.destroy()
  expect((await failed).name).toBe('ClientGone')
  expect(performance.now() - beganMs).toBeLessThan(2_000)
  proxy.heal()
})

test('a process that nobody knows has no chart, and none is kept for it', async () => {
  const { connection, read, refusal } = await api(0)
  expect(await refusal('throughput?process=Nope')).toMatchObject({ status: 404, code: 'ERR_PROCESS_NOT_FOUND' })
  await connection.declareProcess({ process: 'Nope' })
  await eventually('it is known', async () => {
    return (await read<{ process: string }[]>('processes')).some(({ process }) => process === 'Nope')
  })
  expect(await read('throughput?process=Nope')).toMatchObject({ bucketSeconds: 1_440 })
})

describe('while the database', () => {
  test('is away, answers say so, when to ask again, and nothing that is secret', async () => {
    const database = await testDatabase()
    const proxy = await startWireProxy(database.url)
    onTestFinished(() => proxy.close())
    const app = await serve(await open(proxy.url), undefined, { readTimeoutMs: 500 })
    proxy.refuse()
    const { password } = new URL(database.url)
    for (const path of ['machines', 'overview', 'processes', 'history/export']) {
      const response = await app.inject(`/api/v1/${path}`)
      const { status, code } = problem(response)
      expect([503, 504], path).toContain(status)
      expect(['ERR_DATABASE_UNAVAILABLE', 'ERR_TRANSACTION_TIMEOUT'], path).toContain(code)
      expect(response.headers['retry-after'], path).toMatch(/^\d+$/)
      expect(response.body).not.toMatch(/127\.0\.0\.1|postgres|at .*\.ts/)
      if (password !== '') expect(response.body).not.toContain(password)
    }
    proxy.restore()
    expect(await asking(app).read('machines')).toEqual({ rows: [], next: null })
  })

  test('hides whether an act was committed, the problem says that it may have been', async () => {
    const database = await testDatabase()
    const proxy = await startWireProxy(database.url)
    onTestFinished(() => proxy.close())
    const app = await serve(await open(proxy.url), undefined, { actTimeoutMs: 1_500 })
    void proxy.next(/^COMMIT$/, { do: 'hold', when: 'after', all: true })
    const acting = post(app, 'machines/add', { reason: 'x' })
    const { status, code, detail } = problem(await acting)
    expect([status, code]).toEqual([503, 'ERR_COMMIT_OUTCOME_UNKNOWN'])
    expect(detail).toContain('may have been done')
    proxy.heal()
  })

  test('goes away in the middle of a release, the problem does not say that nothing was done', async () => {
    const { database, connection, machineIds } = await api(1)
    const proxy = await startWireProxy(database.url)
    onTestFinished(() => proxy.close())
    const app = await serve(await open(proxy.url), undefined, { actTimeoutMs: 1_000 })
    await (await session(connection)).startWork('Install', machineIds)
    const body = { machineId: machineIds[0], process: 'Install', reason: 'it hangs', graceSeconds: 2 }
    const acting = post(app, 'work/release', body)
    const asked = async (): Promise<boolean> => (await connection.fleet.work()).rows[0]?.releaseBy === 'anna'
    await eventually('the holder is asked', asked)
    proxy.refuse()
    proxy.cut()
    const { status, detail } = problem(await acting)
    expect([503, 504]).toContain(status)
    expect(detail).not.toContain('nothing was done')
    expect(detail).toContain('Look')
    expect(await asked()).toBe(true)
  })
})
