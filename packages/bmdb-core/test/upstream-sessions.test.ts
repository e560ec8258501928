// The bugs of the system that BMDB follows, as far as they concern sessions and transact: each that can apply is a test.
//
// Not here, because there is nothing that could have them:
// - L6, the dispenser of sessions that hands out a stale one: BMDB has no dispenser; whoever keeps a session asks
//   `expired`, and everything that is done through a stale one rejects (L3 below).
// - L8, signals of the operating system: a library does not listen for them; the programs do, and test it. What they need
//   of the library, that the abort of one signal closes the session and releases its work, is tested here.

import { describe, expect, onTestFinished, test } from 'vitest'
import { claimable } from '../src/index.ts'
import {
  aborted,
  count,
  eventually,
  expire,
  pause,
  plainClient,
  recordingLogger,
  recordingMetrics,
  rejection,
} from './helpers.ts'
import { testDatabase, testSession } from './setup.ts'
import { faults, startProxy } from './proxy.ts'

async function watchedSession(intervalSeconds = 1) {
  const database = await testDatabase()
  const { proxy, url } = await startProxy(database.url)
  const metrics = recordingMetrics()
  const logger = recordingLogger()
  const connection = await database.open({ databaseUrl: url, metrics, logger })
  const session = await connection.startSession({ intervalSeconds })
  onTestFinished(() => proxy.heal())
  const beats = (result: string): number => metrics.counted('bmdb_beats_total', { result })
  return { database, proxy, connection, session, beats, metrics, logger }
}

describe('H: the heartbeat', () => {
  test('H1: the first beat that fails does not end a session whose deadline is ahead', async () => {
    const { proxy, session, beats } = await watchedSession(2)
    await proxy.next('bmdb_beat', faults['cut before'])
    await eventually('the failure was seen', () => beats('failed') >= 1)
    expect(session.expired).toBe(false)
  })

  test('H2: a beat that fails is sent again in time, and does not count as one that succeeded', async () => {
    const { proxy, session, beats } = await watchedSession()
    await proxy.next('bmdb_beat', faults['cut before'])
    const before = beats('acknowledged')
    await eventually('the next ones come through', () => beats('acknowledged') >= before + 3)
    expect(beats('failed')).toBeGreaterThanOrEqual(1)
    expect(session.expired).toBe(false)
  })

  test('H3: a beat that hangs does not keep the session from knowing that it is over', async () => {
    const { database, session } = await watchedSession()
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('SELECT 1 FROM session_leases FOR UPDATE')
    expect(await aborted(session.signal)).toMatchObject({ reason: 'deadline' })
    expect(session.expired).toBe(true)
  })

  test('H4: the session’s own deadline lies before that of the database by a margin and the round trip', async () => {
    const { database, session } = await watchedSession(5)
    const here = session.remainingMs()
    const [row] = await database.sql<{ left: number }>(
      'SELECT extract(epoch FROM session_deadline - clock_timestamp())::float8 * 1000 AS left FROM session_leases',
    )
    // Asked later than here, so that the difference can only have become smaller since.
    expect(here).toBeLessThan(row!.left)
  })

  test('H5: a beat finds a row that was deleted, or a deadline that passed, by the database’s clock', async () => {
    const deleted = await watchedSession()
    await deleted.database.sql('DELETE FROM sessions')
    const expired = await watchedSession()
    await expire(expired.database, expired.session.id)
    for (const { session, beats, reason } of [
      { ...deleted, reason: 'deleted' },
      { ...expired, reason: 'deadline' },
    ]) {
      expect(await aborted(session.signal)).toMatchObject({ reason })
      expect(beats('refused')).toBe(1)
    }
    expect(await expired.database.sql('SELECT session_alive FROM session_status')).toEqual([{ session_alive: false }])
  })

  test('H6: a close right after a beat waits for no pause, of an hour’s interval neither', async () => {
    const { database, connection, session } = await watchedSession(3600)
    await session.close()
    await connection.close()
    expect(await count(database, 'sessions')).toBe(0)
  })

  test('H7: an ordinary life logs nothing above debug, and its beats count as no transactions', async () => {
    const { connection, session, beats, logger, metrics } = await watchedSession()
    const machine = await connection.prisma.machine.create({ data: {} })
    await session.work(machine.id, 'P', async () => {
      await eventually('two beats', () => beats('acknowledged') >= 2)
    })
    const before = metrics.counted('bmdb_transactions_total')
    await eventually('another', () => beats('acknowledged') >= 3)
    expect(metrics.counted('bmdb_transactions_total')).toBe(before)
    await session.close()
    await connection.close()
    expect(logger.at('info', 'warn', 'error')).toEqual([])
  })

  test('H8: the pauses follow the interval, which the caller chooses, and no component is nameless', async () => {
    const { connection, database, beats } = await watchedSession(60)
    const short = await connection.startSession({ intervalSeconds: 1 })
    await eventually('the short one beats', () => beats('acknowledged') >= 2)
    expect(short.expired).toBe(false)
    expect(await rejection(database.open({ componentName: '' }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })
})

describe('L: the life of a session', () => {
  test('L1: of a hundred sessions that were closed no row is left, nor of those that crashed after a sweep', async () => {
    const { database, connection } = await watchedSession(60)
    for (let round = 0; round < 10; round++) {
      const closed = await Promise.all(Array.from({ length: 10 }, () => connection.startSession()))
      expect(await count(database, 'sessions')).toBe(11)
      await Promise.all(closed.map((session) => session.close()))
    }
    expect(await count(database, 'sessions')).toBe(1)
    await Promise.all(Array.from({ length: 100 }, () => connection.startSession({ intervalSeconds: 60 })))
    await database.sql(`UPDATE session_leases SET session_deadline = now() - interval '1 second'`)
    expect(await connection.sweep()).toEqual({ sessions: 101, work: 0 })
    expect(await count(database, 'sessions')).toBe(0)
  })

  test('L2: work of a holder that died blocks nobody, listed or asked for by id, with no collector running', async () => {
    const { database, connection, session } = await watchedSession(60)
    const machine = await connection.prisma.machine.create({ data: {} })
    await session.startWork('P', [machine.id])
    const next = await connection.startSession()
    expect(await rejection(next.work(machine.id, 'P', async () => {}))).toMatchObject({ code: 'ERR_WORK_CONFLICT' })
    expect(await next.startWork('P', (tx) => claimable(tx, 'P'))).toBeNull()
    await expire(database, session.id)
    const taken = await next.startWork('P', (tx) => claimable(tx, 'P'))
    expect(taken!.machineId).toBe(machine.id)
    expect((await connection.history(machine.id)).map((row) => row.event)).toEqual(['Started', 'Expired', 'Started'])
  })

  test('L3: a session that is over here transacts no more, whatever its row says', async () => {
    const { database, proxy, session } = await watchedSession(60)
    const closing = session.close()
    expect(await rejection(session.transact(async () => {}))).toMatchObject({ code: 'ERR_SESSION_EXPIRED' })
    await closing
    proxy.silence()
    expect(await rejection(session.transact(async () => {}))).toBe(session.signal.reason)
    expect(await count(database, 'sessions')).toBe(0)
  })

  test('L4: a transact that runs past the deadline does not commit: it is judged when it ends', async () => {
    const { database, session } = await testSession(1)
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('SELECT 1 FROM session_leases FOR UPDATE')
    const error = await rejection(
      session.transact(async (tx) => {
        await tx.machine.create({ data: {} })
        await pause(1_500)
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deadline' })
    await pause(700)
    expect(await count(database, 'machines')).toBe(1)
  })

  test('L5: beats during long transactions make none of them run again', async () => {
    const { session, beats, metrics } = await watchedSession()
    const before = beats('acknowledged')
    const attempts = await Promise.all(
      Array.from({ length: 5 }, () =>
        session.transact(async (tx, { attempt }) => {
          await tx.$queryRaw`SELECT count(*) FROM session_status`
          await eventually('beats', () => beats('acknowledged') >= before + 3)
          await tx.machine.create({ data: {} })
          return attempt
        }),
      ),
    )
    expect(attempts).toEqual([1, 1, 1, 1, 1])
    expect(metrics.counted('bmdb_transaction_retries_total')).toBe(0)
  })

  test('L7: a session that cannot be started at first is, when the database is back', async () => {
    const { proxy, connection, metrics } = await watchedSession(60)
    proxy.refuse()
    const starting = connection.startSession()
    await eventually('it was tried again', () => metrics.counted('bmdb_transaction_retries_total') >= 3)
    proxy.restore()
    const session = await starting
    expect(session.expired).toBe(false)
  })

  test('L8: the abort of one signal closes the session and releases its work', async () => {
    const { database, connection, session: other } = await watchedSession(60)
    const machine = await connection.prisma.machine.create({ data: {} })
    const stop = new AbortController()
    const session = await connection.startSession({ signal: stop.signal })
    await session.startWork('P', [machine.id])
    stop.abort(new Error('SIGTERM'))
    await eventually('all is released', async () => (await count(database, 'sessions')) === 1)
    expect(await count(database, 'work')).toBe(0)
    expect(await other.startWork('P', [machine.id])).not.toBeNull()
  })
})
