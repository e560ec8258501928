/**
 * The weaknesses of work (W) and of its backoff (K) in the system that BMDB follows, one test each.
 *
 * Those that cannot apply:
 * - W8, exclusion between different processes that rests on SELECTs alone: BMDB promises one holder for each (machine,
 *   process) and nothing between processes; what shall exclude each other shares a process name. That different
 *   processes do work side by side is in one-holder.test.ts.
 * - the second half of W10, a `close` that does not exist: it does.
 */
import { Registry } from 'prom-client'
import { v4 as newId } from 'uuid'
import { expect, test } from 'vitest'
import { prometheusMetrics } from '../src/prometheus.ts'
import { recordingMetrics } from './helpers.ts'
import { testDatabase, testSession } from './setup.ts'
import { faults, startProxy } from './proxy.ts'
import { eventually, events, noBeats, rejection, testMachines } from './work-setup.ts'

test('W1: work does not start for a session whose row is gone', async () => {
  const { database, session, machineId } = await testSession(60)
  await database.sql('DELETE FROM sessions')
  expect(await rejection(session.work(machineId, 'P', () => {}))).toMatchObject({ code: 'ERR_SESSION_EXPIRED' })
  expect(await rejection(session.startWork('P', [machineId]))).toMatchObject({ code: 'ERR_SESSION_EXPIRED' })
  expect(await database.sql('SELECT * FROM work_history')).toEqual([])
})

test('W2: a worker learns that its work is lost, and its token is smaller than that of who came after', async () => {
  const { connection, database, session, machineId } = await testSession(2)
  const working = session.work(machineId, 'P', async (work) => {
    await database.sql('DELETE FROM work')
    const other = await connection.startSession(noBeats)
    const next = (await other.startWork('P', [machineId]))!
    expect(next.token).toBeGreaterThan(work.token)
    await eventually('the abort', () => work.signal.aborted)
    expect(work.signal.reason).toMatchObject({ code: 'ERR_WORK_LOST', token: work.token })
    await next.cancel()
  })
  expect(await rejection(working)).toMatchObject({ code: 'ERR_WORK_LOST', token: 1n })
})

test('W3: a finish that failed does not spend the handle: the true cause and a backoff are stored by fail', async () => {
  const { connection, database, session, machineId } = await testSession(60)
  const work = (await session.startWork('P', [machineId]))!
  const cause = await rejection(work.finish(() => Promise.reject(new Error('the disk is full'))))
  await work.fail(cause, { initialSeconds: 60 })
  expect((await connection.history(machineId))[0]).toMatchObject({ event: 'Failed', failedCause: 'the disk is full' })
  expect(await database.sql('SELECT cause FROM work_backoff')).toEqual([{ cause: 'the disk is full' }])
  expect(await database.sql('SELECT * FROM work')).toEqual([])
})

test('W4: cleaning up works after the caller’s own signal has aborted', async () => {
  const { connection, database, session, machineId } = await testSession(60)
  const caller = new AbortController()
  {
    await using work = (await session.startWork('P', [machineId], { signal: caller.signal }))!
    caller.abort()
    expect(work.signal.aborted).toBe(false)
  }
  expect(await events(connection, machineId)).toEqual(['Started', 'Canceled'])
  const life = new AbortController()
  const own = await connection.startSession({ signal: life.signal })
  const work = (await own.startWork('P', [machineId]))!
  life.abort()
  expect(work.signal.reason).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'caller' })
  await own.close()
  expect(await database.sql('SELECT * FROM work')).toEqual([])
  expect(await events(connection, machineId)).toEqual(['Started', 'Canceled', 'Started', 'Canceled'])
})

test('W5: a finish after somebody else took the machine is WorkLostError, and rolls everything back', async () => {
  const { connection, database, session, machineId } = await testSession(60)
  const work = (await session.startWork('P', [machineId]))!
  await database.sql('DELETE FROM work')
  const other = await connection.startSession(noBeats)
  const next = (await other.startWork('P', [machineId]))!
  const finishing = work.finish((tx) => tx.bmc.create({ data: { machineId, address: 'x' } }))
  expect(await rejection(finishing)).toMatchObject({ code: 'ERR_WORK_LOST', token: 1n })
  expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
  expect(await events(connection, machineId)).toEqual(['Started', 'Started'])
  await next.finish()
})

test('W6: the interval before is what stands when the work fails, not what stood when it began', async () => {
  const { database, session, machineId } = await testSession(60)
  const backoff = { initialSeconds: 60, exponent: 2 }
  const claim = async () => (await session.startWork('P', [machineId], { ignoreBackoff: true }))!
  await (await claim()).fail('no', backoff)
  const work = await claim()
  await database.sql('DELETE FROM work_backoff')
  await work.fail('no', backoff)
  expect(await database.sql('SELECT last_interval_seconds FROM work_backoff')).toEqual([
    { last_interval_seconds: '60' },
  ])
})

test('W7: workers that want the same machines get different ones, and none of them an error', async () => {
  const { connection, machineIds } = await testMachines(8)
  const sessions = await Promise.all(Array.from({ length: 8 }, () => connection.startSession(noBeats)))
  const works = await Promise.all(sessions.map((session) => session.startWork('P', machineIds)))
  expect(works.map((work) => work?.machineId).sort()).toEqual([...machineIds].sort())
})

test('W9: a machine in backoff is refused, by its id too, unless the caller insists', async () => {
  const { session, machineId } = await testSession(60)
  await (await session.startWork('P', [machineId]))!.fail('no power', { initialSeconds: 3600 })
  expect(await rejection(session.work(machineId, 'P', () => {}))).toMatchObject({
    code: 'ERR_WORK_BACKOFF',
    cause: 'no power',
  })
  expect(await session.work(machineId, 'P', () => 'done', { ignoreBackoff: true })).toBe('done')
})

test('W10: an unknown machine, a vanished session and a throw in between are no raw errors and leave no lock', async () => {
  const { database, connection, session, machineId } = await testSession(60)
  expect(await rejection(session.work(newId(), 'P', () => {}))).toMatchObject({ code: 'ERR_MACHINE_NOT_FOUND' })
  const careless = async (): Promise<void> => {
    await using work = await session.startWork('P', [machineId])
    throw new Error(`in between, holding ${work?.process}`)
  }
  expect(await rejection(careless())).toMatchObject({ message: 'in between, holding P' })
  expect(await database.sql('SELECT * FROM work')).toEqual([])
  const other = await connection.startSession(noBeats)
  await database.sql('DELETE FROM sessions WHERE session_id = $1', other.id)
  expect(await rejection(other.work(machineId, 'P', () => {}))).toMatchObject({ code: 'ERR_SESSION_EXPIRED' })
})

test('W11: nothing to do and conflicts are no failed transactions, and ends are counted when they committed', async () => {
  const database = await testDatabase()
  const metrics = recordingMetrics()
  const connection = await database.open({ metrics })
  const [session, other] = [await connection.startSession(noBeats), await connection.startSession(noBeats)]
  const { id } = await connection.prisma.machine.create({ data: {} })
  const ended = (result: string) => metrics.counted('bmdb_work_ended_total', { process: 'P', result })
  expect(await session.startWork('P', () => [])).toBeNull()
  const work = (await session.startWork('P', [id]))!
  expect(await other.startWork('P', () => [id])).toBeNull()
  expect(await rejection(other.work(id, 'P', () => {}))).toMatchObject({ code: 'ERR_WORK_CONFLICT' })
  expect(metrics.counted('bmdb_transactions_total', { result: 'failed' })).toBe(0)
  expect(metrics.counted('bmdb_work_claimed_total', { process: 'P', takeover: 'no' })).toBe(1)
  await rejection(work.finish(() => Promise.reject(new Error('mine'))))
  expect(ended('finished')).toBe(0)
  await work.finish()
  await rejection(work.finish())
  expect([ended('finished'), ended('failed'), ended('canceled'), ended('lost')]).toEqual([1, 0, 0, 0])
  const lost = (await session.startWork('P', [id]))!
  await database.sql('DELETE FROM work')
  await rejection(lost.cancel())
  expect([ended('canceled'), ended('lost')]).toEqual([0, 1])
})

test('W11: two programs’ worth of metrics share one registry', async () => {
  const registry = new Registry()
  const database = await testDatabase()
  for (const componentName of ['one', 'two']) {
    const connection = await database.open({ componentName, metrics: prometheusMetrics(registry) })
    await connection.startSession(noBeats)
  }
  expect(await registry.metrics()).toContain('bmdb_sessions_started_total 2')
})

test('W12: ends and claims whose answer was lost are reported as what they are, and happened once', async () => {
  const { connection, database, machineIds } = await testMachines(1)
  const [machineId] = machineIds as [string]
  const { proxy, url } = await startProxy(database.url)
  const session = await (await database.open({ databaseUrl: url })).startSession(noBeats)
  const claim = async () => (await session.startWork('P', machineIds, { ignoreBackoff: true }))!
  const cut = async <T>(text: string, run: () => Promise<T>): Promise<T> => {
    const happened = proxy.next(text, faults['cut after'])
    const value = await run()
    await happened
    return value
  }
  await cut('bmdb_finish', async () => (await claim()).finish())
  await cut('bmdb_fail', async () => (await claim()).fail('no'))
  await cut('bmdb_cancel', async () => (await claim()).cancel())
  const work = await cut('bmdb_claim', claim)
  expect(work.token).toBe(4n)
  const stored = cut('COMMIT', () => work.finish((tx) => tx.bmc.create({ data: { machineId, address: 'x' } })))
  expect(await stored).toMatchObject({ machineId, address: 'x' })
  expect(await events(connection, machineId)).toEqual(
    ['Finished', 'Failed', 'Canceled', 'Finished'].flatMap((end) => ['Started', end]),
  )
  expect(await database.sql('SELECT * FROM work')).toEqual([])
  expect(session.signal.aborted).toBe(false)
})

test('K1: an exponent under 1 is refused, instead of shrinking or repeating an old interval', async () => {
  const { database, session, machineId } = await testSession(60)
  const work = (await session.startWork('P', [machineId]))!
  for (const exponent of [0.2, 0, -1, 0.999])
    expect(await rejection(work.fail('no', { initialSeconds: 60, exponent }))).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(`exponent is ${exponent}`) as string,
    })
  expect(await database.sql('SELECT * FROM work_backoff')).toEqual([])
})

test('K2: fractional seconds are refused, and a computed interval is rounded up but never above the maximum', async () => {
  const { database, session, machineId } = await testSession(60)
  const claim = async () => (await session.startWork('P', [machineId], { ignoreBackoff: true }))!
  const work = await claim()
  for (const backoff of [{ initialSeconds: 1.5 }, { initialSeconds: 1, maximumSeconds: 2.5 }])
    expect(await rejection(work.fail('no', backoff))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  await work.cancel()
  const intervals: unknown[] = []
  for (let index = 0; index < 4; index++) {
    await (await claim()).fail('no', { initialSeconds: 1, maximumSeconds: 4, exponent: 1.5 })
    const [row] = await database.sql<{ s: number }>('SELECT last_interval_seconds::int AS s FROM work_backoff')
    intervals.push(row!.s)
  }
  expect(intervals).toEqual([1, 2, 3, 4])
})

test('K3: causes are stored up to a bound, and waits can be jittered', async () => {
  const { connection, database, session, machineId } = await testSession(60)
  const work = (await session.startWork('P', [machineId]))!
  await work.fail(new Error(`${'long '.repeat(100_000)}\0`), { initialSeconds: 1000, jitter: true })
  const [row] = await database.sql<{ cause: string; wait: number }>(
    'SELECT cause, extract(epoch FROM until - clock_timestamp())::float8 AS wait FROM work_backoff',
  )
  expect(row!.cause).toHaveLength(2000)
  expect(row!.wait).toBeLessThanOrEqual(1000)
  expect(row!.wait).toBeGreaterThan(740)
  expect((await connection.history(machineId))[0]!.failedCause).toBe(row!.cause)
})
