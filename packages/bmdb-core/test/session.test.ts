import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isBMDBError, SessionExpiredError } from '../src/index.ts'
import { aborted, count, eventually, gate, recordingLogger, recordingMetrics, rejection } from './helpers.ts'
import { testDatabase, testSession } from './setup.ts'
import { startProxy } from './proxy.ts'

describe('a session', () => {
  test('is a row with its component, runtime information, interval, and a deadline one interval ahead', async () => {
    const database = await testDatabase()
    const connection = await database.open({ componentName: 'inventory', runtimeInfo: 'host h1' })
    const session = await connection.startSession({ intervalSeconds: 7 })
    const [row] = await database.sql(
      `SELECT *, extract(epoch FROM session_deadline - session_created_at)::float8 AS seconds FROM session_status`,
    )
    expect(row).toMatchObject({
      session_id: session.id,
      session_component_name: 'inventory',
      session_runtime_info: 'host h1',
      session_interval_seconds: 7,
      session_alive: true,
    })
    expect(row!['seconds']).toBeGreaterThanOrEqual(7)
    expect(row!['seconds']).toBeLessThan(8)
  })

  test('has an interval of five seconds, host, pid and version when nobody says otherwise', async () => {
    const { connection, database } = await testSession()
    const session = await connection.startSession()
    const [row] = await database.sql('SELECT * FROM sessions WHERE session_id = $1', session.id)
    expect(row).toMatchObject({ session_interval_seconds: 5 })
    expect(row!['session_runtime_info']).toMatch(new RegExp(`^host \\S+, pid ${process.pid}, @bmdb/core \\d`))
  })

  test('beats every third of the interval, and each beat sets the deadline one interval ahead', async () => {
    const database = await testDatabase()
    const metrics = recordingMetrics()
    const connection = await database.open({ metrics })
    const session = await connection.startSession({ intervalSeconds: 1 })
    const beats = () => metrics.counted('bmdb_beats_total', { result: 'acknowledged' })
    const deadlines = new Set<number>()
    await eventually('five beats', async () => {
      const [row] = await database.sql<{ at: Date }>('SELECT session_deadline AS at FROM session_leases')
      deadlines.add(row!.at.getTime())
      return beats() >= 5
    })
    const sorted = [...deadlines]
    expect(sorted).toEqual(sorted.toSorted((a, b) => a - b))
    expect(sorted.length).toBeGreaterThanOrEqual(5)
    for (const [index, at] of sorted.slice(1).entries()) expect(at - sorted[index]!).toBeGreaterThanOrEqual(200)
    expect(session.expired).toBe(false)
    const slack = metrics.observed.filter((one) => one.name === 'bmdb_beat_slack_seconds')
    expect(slack.length).toBeGreaterThanOrEqual(5)
    for (const { seconds } of slack) expect(seconds).toBeLessThanOrEqual(0.8)
  })

  test('beats touch the lease alone: the session’s row stays as it was written', async () => {
    const database = await testDatabase()
    const metrics = recordingMetrics()
    const connection = await database.open({ metrics })
    await connection.startSession({ intervalSeconds: 1 })
    const version = () => database.sql('SELECT xmin::text, ctid::text FROM sessions')
    const before = await version()
    await eventually('beats', () => metrics.counted('bmdb_beats_total', { result: 'acknowledged' }) >= 2)
    expect(await version()).toEqual(before)
  })

  test('a beat never moves a deadline back', async () => {
    const database = await testDatabase()
    const metrics = recordingMetrics()
    const connection = await database.open({ metrics })
    await connection.startSession({ intervalSeconds: 1 })
    await database.sql(`UPDATE session_leases SET session_deadline = '2100-01-01'`)
    await eventually('beats', () => metrics.counted('bmdb_beats_total', { result: 'acknowledged' }) >= 2)
    expect(await database.sql("SELECT 1 FROM session_leases WHERE session_deadline = '2100-01-01'")).toHaveLength(1)
  })

  test('says how long it may be trusted, on a monotonic clock and as a date', async () => {
    const { session } = await testSession(10)
    expect(session.expired).toBe(false)
    expect(session.remainingMs()).toBeGreaterThan(5_000)
    expect(session.remainingMs()).toBeLessThanOrEqual(9_000)
    const ahead = session.deadline.getTime() - Date.now()
    expect(ahead).toBeGreaterThan(5_000)
    expect(ahead).toBeLessThanOrEqual(9_001)
    await session.close()
    expect(session.expired).toBe(true)
    expect(session.remainingMs()).toBe(0)
  })
})

describe('the end of a session', () => {
  test('close deletes its row, and says so to its signal', async () => {
    const { database, session } = await testSession()
    await session.close()
    expect(await count(database, 'sessions')).toBe(0)
    expect(await count(database, 'session_leases')).toBe(0)
    expect(session.signal.reason).toBeInstanceOf(SessionExpiredError)
    expect(session.signal.reason).toMatchObject({ reason: 'closed', sessionId: session.id })
    expect(await rejection(session.transact(async () => {}))).toBe(session.signal.reason)
  })

  test('closing twice, at once or later, is harmless', async () => {
    const { session } = await testSession()
    await Promise.all([session.close(), session.close()])
    await session.close()
    await session[Symbol.asyncDispose]()
  })

  test('close ends transacts that are under way: nothing of them is committed', async () => {
    const { database, session } = await testSession()
    const began = gate()
    let told: Promise<unknown> | undefined
    const transacting = rejection(
      session.transact(async (tx, { signal }) => {
        await tx.machine.create({ data: {} })
        told = aborted(signal)
        began.open()
        await tx.$queryRaw`SELECT 1 AS one FROM pg_sleep(60)`
      }),
    )
    await began.opened
    await session.close()
    expect(await transacting).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'closed' })
    expect(await told).toBe(session.signal.reason)
    expect(await count(database, 'machines')).toBe(1)
    expect(await count(database, 'sessions')).toBe(0)
  })

  test('close releases the work that it holds, with a trace', async () => {
    const { database, connection, session, machineId } = await testSession()
    const work = await session.startWork('P', [machineId])
    await session.close()
    expect(work!.signal.reason).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'closed' })
    expect(await count(database, 'work')).toBe(0)
    expect((await connection.history(machineId)).map((row) => row.event)).toEqual(['Canceled', 'Started'])
  })

  test('the abort of the caller’s signal closes it', async () => {
    const { database, connection } = await testSession()
    const caller = new AbortController()
    const session = await connection.startSession({ signal: caller.signal })
    const mine = new Error('SIGTERM')
    caller.abort(mine)
    expect(session.signal.reason).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'caller', cause: mine })
    await eventually('its row is gone', async () => (await count(database, 'sessions')) === 1)
    await session.close()
  })

  test('closing the connection closes its sessions', async () => {
    const { database, connection, session } = await testSession()
    const second = await connection.startSession()
    await connection.close()
    expect(await count(database, 'sessions')).toBe(0)
    for (const { signal } of [session, second]) expect(signal.reason).toMatchObject({ reason: 'closed' })
    await connection.close()
    expect(await rejection(connection.startSession())).toMatchObject({ code: 'ERR_CLOSED' })
    expect(await rejection(connection.sweep())).toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('disposal closes, and logs where close would throw', async () => {
    const database = await testDatabase()
    const { proxy, url } = await startProxy(database.url)
    onTestFinished(() => proxy.heal())
    const logger = recordingLogger()
    const connection = await database.open({ databaseUrl: url, logger })
    const session = await connection.startSession({ intervalSeconds: 60 })
    proxy.refuse()
    await session[Symbol.asyncDispose]()
    expect(session.signal.reason).toMatchObject({ reason: 'closed' })
    expect(logger.at('warn').map((line) => line.message)).toEqual(['a session could not be deleted; it will expire'])
    proxy.restore()
  })

  test('close does not wait for a database that is silent', async () => {
    const database = await testDatabase()
    const { proxy, url } = await startProxy(database.url)
    onTestFinished(() => proxy.heal())
    const connection = await database.open({ databaseUrl: url })
    const session = await connection.startSession({ intervalSeconds: 60 })
    proxy.silence()
    const startedAt = performance.now()
    const closing = rejection(session.close())
    await connection.close()
    expect(performance.now() - startedAt).toBeLessThan(4_000)
    expect(isBMDBError(await closing)).toBe(true)
  })

  test('a session that is lost does not hold up its close', async () => {
    const { database, session } = await testSession()
    await database.sql('DELETE FROM sessions')
    await rejection(session.transact(async () => {}))
    await session.close()
    expect(session.signal.reason).toMatchObject({ reason: 'deleted' })
  })

  test('the reason survives JSON', async () => {
    const { connection } = await testSession()
    const caller = new AbortController()
    const session = await connection.startSession({ signal: caller.signal })
    const odd: Record<string, unknown> = { size: 1n }
    odd['self'] = odd
    caller.abort(odd)
    const shown = JSON.parse(JSON.stringify(session.signal.reason)) as Record<string, unknown>
    expect(shown).toMatchObject({ name: 'SessionExpiredError', code: 'ERR_SESSION_EXPIRED', reason: 'caller' })
    expect(shown).toHaveProperty('cause')
    expect(inspect(session.signal.reason)).toContain('ERR_SESSION_EXPIRED')
  })
})
