import type { QueryResultRow } from 'pg'
import { describe, expect, test } from 'vitest'
import { beat, heldBy, type BeatRow } from '../src/sql/sessions.ts'
import { aborted, count, eventually, expire, plainClient, rejection, somebodyWaits } from './helpers.ts'
import { testSession } from './setup.ts'

const deleteSession = 'DELETE FROM sessions WHERE session_id = $1::uuid'

describe('promise 2: no write after loss', () => {
  test('transact rejects without running its function when the row is gone', async () => {
    const { database, session } = await testSession()
    await database.sql(deleteSession, session.id)
    let ran = false
    const error = await rejection(
      session.transact(async (tx) => {
        ran = true
        await tx.machine.create({ data: {} })
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deleted', sessionId: session.id })
    expect(ran).toBe(false)
    expect(await count(database, 'machines')).toBe(1)
  })

  test('the session itself is over as soon as one transact finds its row gone', async () => {
    const { database, session } = await testSession()
    await database.sql(deleteSession, session.id)
    const error = await rejection(session.transact(async () => {}))
    expect(session.signal.reason).toBe(error)
    expect(session.expired).toBe(true)
    expect(await rejection(session.transact(async () => {}))).toBe(error)
  })

  test('whoever deletes the row waits for a transact that is under way, in real time', async () => {
    const { database, session } = await testSession()
    const other = await plainClient(database)
    let ended = false
    let deleting: Promise<unknown> | undefined
    await session.transact(async (tx) => {
      deleting = other.query(deleteSession, [session.id]).then(() => (ended = true))
      await somebodyWaits(database, 'DELETE FROM sessions')
      await tx.machine.create({ data: {} })
      expect(ended).toBe(false)
    })
    await deleting
    expect(await count(database, 'machines')).toBe(2)
  })

  test('a transact that only reads is waited for as well', async () => {
    const { database, session } = await testSession()
    const other = await plainClient(database)
    let ended = false
    let deleting: Promise<unknown> | undefined
    await session.transact(async (tx) => {
      deleting = other.query(deleteSession, [session.id]).then(() => (ended = true))
      await somebodyWaits(database, 'DELETE FROM sessions')
      await tx.machine.count()
      expect(ended).toBe(false)
    })
    await deleting
  })

  test('transact waits for a deletion that is under way, and rejects when it commits', async () => {
    const { database, session } = await testSession()
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query(deleteSession, [session.id])
    let ran = false
    const transacting = rejection(session.transact(async () => void (ran = true)))
    await somebodyWaits(database, 'FOR KEY SHARE')
    await other.query('COMMIT')
    expect(await transacting).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deleted' })
    expect(ran).toBe(false)
  })

  test('transact goes on when a deletion that is under way is rolled back', async () => {
    const { database, session } = await testSession()
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query(deleteSession, [session.id])
    const transacting = session.transact((tx) => tx.machine.create({ data: {} }))
    await somebodyWaits(database, 'FOR KEY SHARE')
    await other.query('ROLLBACK')
    await transacting
    expect(await count(database, 'machines')).toBe(2)
  })

  test('a transact that hangs past its deadline is ended by a sweep and commits nothing', async () => {
    const { database, connection, session } = await testSession(60)
    let attempts = 0
    const error = await rejection(
      session.transact(async (tx) => {
        attempts += 1
        await tx.machine.create({ data: {} })
        await expire(database, session.id, 5)
        await eventually('the sweep takes it', async () => (await connection.sweep()).sessions === 1)
        await tx.machine.create({ data: {} })
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deleted' })
    expect(attempts).toBe(1)
    expect(await count(database, 'machines')).toBe(1)
    expect(await count(database, 'sessions')).toBe(0)
  })

  test('an honest long transaction of a live session is not ended by a sweep', async () => {
    const { database, connection, session } = await testSession()
    await session.transact(async (tx) => {
      await tx.machine.create({ data: {} })
      expect(await connection.sweep()).toEqual({ sessions: 0, work: 0 })
      await tx.machine.create({ data: {} })
    })
    expect(await count(database, 'machines')).toBe(3)
  })

  test('an expired session differs from a live one only in that others may end it', async () => {
    const { database, session } = await testSession(60)
    await expire(database, session.id)
    await session.transact((tx) => tx.machine.create({ data: {} }))
    expect(await count(database, 'machines')).toBe(2)
  })

  test('a beat that finds the row gone ends the session', async () => {
    const { database, session } = await testSession(1)
    await database.sql(deleteSession, session.id)
    expect(await aborted(session.signal)).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deleted' })
  })

  test('a beat does not revive a session whose deadline passed', async () => {
    const { database, session } = await testSession(1)
    await expire(database, session.id)
    expect(await aborted(session.signal)).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deadline' })
    expect(await database.sql('SELECT session_alive FROM session_status')).toEqual([{ session_alive: false }])
  })

  test('a beat that waited for the lease past its deadline does not revive it', async () => {
    const { database, session } = await testSession(60)
    const [holding, beating] = [await plainClient(database), await plainClient(database)]
    await holding.query('BEGIN')
    await holding.query(`UPDATE session_leases SET session_deadline = clock_timestamp() + interval '300 milliseconds'`)
    const answer = beating.query(beat('postgresql', session.id, 60))
    await somebodyWaits(database, 'beaten')
    // Not by then, but by the time that the beat gets the lock.
    await holding.query('SELECT pg_sleep(0.4)')
    await holding.query('COMMIT')
    expect((await answer).rows).toMatchObject([{ alive: false }])
    expect(await database.sql('SELECT session_alive FROM session_status')).toEqual([{ session_alive: false }])
  })

  test('on CockroachDB it leaves what the session holds to a second statement, with the same answer', async () => {
    const { database, session } = await testSession(60)
    const [{ id } = { id: '' }] = await database.sql<{ id: string }>(
      'INSERT INTO machines DEFAULT VALUES RETURNING machine_id AS id',
    )
    await session.startWork('P', [id])
    const client = await plainClient(database)
    const rowsOf = async (statement: ReturnType<typeof beat>) =>
      (await client.query<BeatRow & QueryResultRow>(statement)).rows
    const [whole] = await rowsOf(beat('postgresql', session.id, 60))
    expect(whole).toEqual({ alive: true, held: [{ machineId: id, process: 'P', token: '1' }], releases: null })
    expect(await rowsOf({ ...beat('cockroachdb', session.id, 60), name: 'other_beat' })).toEqual([
      { alive: true, held: null, releases: null },
    ])
    expect(await rowsOf(heldBy(session.id))).toEqual([{ held: whole!.held, releases: null }])
  })
})
