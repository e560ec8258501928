import { describe, expect, test } from 'vitest'
import { claimable } from '../src/index.ts'
import { testDatabase } from './setup.ts'
import {
  addMachines,
  deadHolder,
  events,
  expire,
  noBeats,
  plainClient,
  rejection,
  testMachines,
  untilWaiting,
} from './work-setup.ts'

describe('promise 4: no lock outlives its holder, with no collector running', () => {
  test('work, startWork, startWorkMany and claimable each take over what an expired session holds', async () => {
    const { connection, database, machineIds } = await testMachines(4)
    const holders = []
    for (const id of machineIds) holders.push(await deadHolder(database, connection, [id]))
    const session = await connection.startSession(noBeats)
    const [a, b, c, d] = machineIds as [string, string, string, string]
    expect(await session.work(a, 'P', (work) => work.token)).toBe(2n)
    expect((await session.startWork('P', [b]))?.token).toBe(2n)
    expect((await session.startWorkMany('P', [c], { limit: 2 })).map((work) => work.token)).toEqual([2n])
    expect(
      (await session.startWork('P', (tx) => claimable(tx, 'P', { where: { id: { notIn: [a, b, c] } } })))?.machineId,
    ).toBe(d)
    expect(await database.sql('SELECT session_id FROM sessions')).toEqual([{ session_id: session.id }])
    expect(await events(connection, a)).toEqual(['Started', 'Expired', 'Started', 'Finished'])
    for (const [index, id] of [b, c, d].entries()) {
      const rows = (await connection.history(id)).reverse()
      expect(rows.map((row) => [row.event, row.token, row.sessionId])).toEqual([
        ['Started', 1n, holders[index + 1]!.id],
        ['Expired', 1n, holders[index + 1]!.id],
        ['Started', 2n, session.id],
      ])
    }
  })

  test('a takeover ends all work of the expired session, whatever the process', async () => {
    const { connection, database, machineIds } = await testMachines(3)
    const holder = await connection.startSession(noBeats)
    await holder.startWorkMany('P', machineIds, { limit: 3 })
    await holder.startWork('Q', [machineIds[2]!])
    await expire(database, holder)
    const session = await connection.startSession(noBeats)
    expect((await session.startWork('P', [machineIds[0]!]))?.token).toBe(2n)
    expect(await database.sql('SELECT process, session_id FROM work')).toEqual([
      { process: 'P', session_id: session.id },
    ])
    expect(await database.sql(`SELECT process FROM work_history WHERE event = 'Expired' ORDER BY 1`)).toEqual(
      ['P', 'P', 'P', 'Q'].map((process) => ({ process })),
    )
  })

  test('a session whose deadline has not passed is never taken over', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const holder = await connection.startSession(noBeats)
    const work = (await holder.startWork('P', machineIds))!
    const session = await connection.startSession(noBeats)
    expect(await session.startWork('P', machineIds)).toBeNull()
    expect(await rejection(session.work(machineIds[0]!, 'P', () => {}))).toMatchObject({ code: 'ERR_WORK_CONFLICT' })
    expect(await database.sql('SELECT * FROM sessions')).toHaveLength(2)
    await work.finish()
  })

  test('a beat that is under way when a takeover comes is waited for, and saves the session', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const holder = await deadHolder(database, connection, machineIds)
    const client = await plainClient(database)
    await client.query('BEGIN')
    await client.query(`UPDATE session_leases SET session_deadline = now() + interval '1 minute'`)
    const session = await connection.startSession(noBeats)
    const claiming = rejection(session.work(machineIds[0]!, 'P', () => {}))
    await untilWaiting(database)
    await client.query('COMMIT')
    expect(await claiming).toMatchObject({ code: 'ERR_WORK_CONFLICT', session: holder.id })
    expect(await events(connection, machineIds[0]!)).toEqual(['Started'])
  })

  test('of ten takers at once one takes over, with one Expired row for each work of the dead session', async () => {
    const { connection, database, machineIds } = await testMachines(4)
    await deadHolder(database, connection, machineIds)
    const takers = await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const own = index < 5 ? connection : await database.open({ poolSize: 2 })
        return own.startSession(noBeats)
      }),
    )
    const works = await Promise.all(takers.map((taker) => taker.startWork('P', [machineIds[0]!])))
    expect(works.filter((work) => work !== null).map((work) => work.token)).toEqual([2n])
    for (const [index, id] of machineIds.entries())
      expect(await events(connection, id)).toEqual(['Started', 'Expired', ...(index === 0 ? ['Started'] : [])])
    expect(await database.sql('SELECT * FROM sessions')).toHaveLength(10)
  })

  test('a session that expired without noticing cannot take itself over: its claim says that it is over', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const holder = await deadHolder(database, connection, machineIds)
    expect(await rejection(holder.startWork('P', machineIds))).toMatchObject({ code: 'ERR_SESSION_EXPIRED' })
    expect(holder.signal.aborted).toBe(true)
    const session = await connection.startSession(noBeats)
    expect((await session.startWork('P', machineIds))?.token).toBe(2n)
  })

  test('a claim by a session that was ended meanwhile says so, and writes nothing', async () => {
    const { connection, database, machineIds } = await testMachines(2)
    const holder = await deadHolder(database, connection, [machineIds[0]!])
    const session = await connection.startSession(noBeats)
    await session.startWork('P', [machineIds[0]!])
    const error = await rejection(holder.startWork('P', [machineIds[1]!]))
    expect(error).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deleted' })
    expect(await events(connection, machineIds[1]!)).toEqual([])
  })

  const many = { timeout: 60_000 }
  test(
    'a worker that uses claimable does all of 500 machines of which 10 are held by dead sessions',
    many,
    async () => {
      const database = await testDatabase()
      const connection = await database.open()
      const machineIds = await addMachines(database, 500)
      const held = machineIds.filter((_, index) => index % 50 === 7)
      for (const id of held) await deadHolder(database, connection, [id])
      const session = await connection.startSession(noBeats)
      for (;;) {
        const works = await session.startWorkMany(
          'P',
          (tx) => claimable(tx, 'P', { where: { hardwareReport: null }, limit: 40 }),
          { limit: 20 },
        )
        if (works.length === 0) break
        await Promise.all(
          works.map(({ machineId }, index) =>
            works[index]!.finish((tx) => tx.hardwareReport.create({ data: { machineId, report: {} } })),
          ),
        )
      }
      const ends = await database.sql(`SELECT event, count(*)::int FROM work_history GROUP BY event ORDER BY event`)
      expect(ends).toEqual([
        { event: 'Expired', count: 10 },
        { event: 'Finished', count: 500 },
        { event: 'Started', count: 510 },
      ])
      expect(await database.sql('SELECT * FROM work')).toEqual([])
    },
  )
})
