import { describe, expect, test } from 'vitest'
import { claimable } from '../src/index.ts'
import { testDatabase, testSession } from './setup.ts'
import { eventually, gate, noBeats, pause, plainClient, rejection, testMachines, untilWaiting } from './work-setup.ts'

describe('promise 1: one holder', () => {
  test('loops of several sessions never hold the same machine at the same time', async () => {
    const { connection, machineIds } = await testMachines(3)
    const windows: { machineId: string; fromMs: number; toMs: number }[] = []
    const sessions = await Promise.all(Array.from({ length: 4 }, () => connection.startSession(noBeats)))
    const endMs = performance.now() + 1_500
    const loop = async (session: (typeof sessions)[number], number: number): Promise<void> => {
      while (performance.now() < endMs) {
        const work =
          number % 2 === 0
            ? await session.startWork('P', (tx) => claimable(tx, 'P', { limit: 1 + (number % 3) }))
            : await session.startWork('P', machineIds)
        if (work === null) {
          await pause(1)
          continue
        }
        const fromMs = performance.now()
        await pause(Math.random() * 4)
        windows.push({ machineId: work.machineId, fromMs, toMs: performance.now() })
        await (number % 3 === 0 ? work.cancel() : work.finish())
      }
    }
    await Promise.all(sessions.flatMap((session) => [0, 1, 2].map((number) => loop(session, number))))
    expect(windows.length).toBeGreaterThan(3)
    for (const machineId of machineIds) {
      const own = windows.filter((one) => one.machineId === machineId).sort((a, b) => a.fromMs - b.fromMs)
      for (const [index, window] of own.entries())
        expect(window.fromMs).toBeGreaterThanOrEqual(own[index - 1]?.toMs ?? 0)
    }
  })

  test('of ten sessions that claim one machine at once one gets it and nine conflict', async () => {
    const { connection, machineIds } = await testMachines(1)
    const sessions = await Promise.all(Array.from({ length: 10 }, () => connection.startSession(noBeats)))
    const done = gate()
    const claims = sessions.map((session) => session.work(machineIds[0]!, 'P', () => done.opened))
    const settled = Promise.allSettled(claims)
    await eventually('nine conflicts', async () => {
      const ends = await Promise.all(claims.map((claim) => Promise.race([claim.then(String, String), pause(20)])))
      return ends.filter((end) => end !== undefined).length === 9
    })
    done.open()
    const failures = (await settled).filter((one) => one.status === 'rejected')
    expect(failures.map((one) => (one.reason as { code: string }).code)).toEqual(Array(9).fill('ERR_WORK_CONFLICT'))
  })

  test('a conflict says who holds the machine, since when and until when at least', async () => {
    const { database, session, machineId } = await testSession(60)
    await using work = (await session.startWork('P', [machineId]))!
    const other = await (await database.open({ componentName: 'other' })).startSession()
    const error = await rejection(other.work(machineId, 'P', () => {}))
    const [row] = await database.sql<{ work_started_at: Date; session_deadline: Date }>(
      'SELECT work_started_at, session_deadline FROM work JOIN session_leases USING (session_id)',
    )
    expect(error).toMatchObject({
      code: 'ERR_WORK_CONFLICT',
      machineId,
      process: 'P',
      component: 'test',
      session: session.id,
      since: row!.work_started_at,
      until: row!.session_deadline,
    })
    expect(work.token).toBe(1n)
  })

  test('a session conflicts with itself, by work, startWork and startWorkMany', async () => {
    const { session, machineId } = await testSession(60)
    await session.work(machineId, 'P', async () => {
      expect(await rejection(session.work(machineId, 'P', () => {}))).toMatchObject({
        code: 'ERR_WORK_CONFLICT',
        session: session.id,
      })
      expect(await session.startWork('P', [machineId])).toBeNull()
      expect(await session.startWorkMany('P', [machineId], { limit: 5 })).toEqual([])
    })
  })

  test('different processes work on one machine side by side', async () => {
    const { session, machineId } = await testSession(60)
    const one = await session.startWork('One', [machineId])
    const two = await session.startWork('Two', [machineId])
    expect([one?.token, two?.token]).toEqual([1n, 1n])
  })

  test('a claim whose retrieve is older than another’s claim and finish looks anew and takes nothing', async () => {
    const { connection, session, machineId } = await testSession(60)
    const other = await connection.startSession(noBeats)
    const looked = gate()
    const finished = gate()
    let looks = 0
    const claiming = session.startWork('P', async (tx) => {
      const ids = await claimable(tx, 'P', { where: { hardwareReport: null } })
      looks += 1
      looked.open()
      await finished.opened
      return ids
    })
    await looked.opened
    await other.work(machineId, 'P', (work) =>
      work.finish(async (tx) => {
        await tx.hardwareReport.create({ data: { machineId, report: {} } })
      }),
    )
    finished.open()
    expect(await claiming).toBeNull()
    expect(looks).toBe(2)
    expect((await connection.history(machineId)).map((row) => row.event)).toEqual(['Finished', 'Started'])
  })

  test('a machine that retrieve named while another held it is looked at anew when that one has finished', async () => {
    const { connection, session, machineId } = await testSession(60)
    const other = await connection.startSession(noBeats)
    const held = (await other.startWork('P', [machineId]))!
    const looked = gate()
    const finished = gate()
    let looks = 0
    const claiming = session.startWork('P', async (tx) => {
      // By hand, and without a look at who holds what.
      const machines = await tx.machine.findMany({ where: { hardwareReport: null } })
      looks += 1
      looked.open()
      await finished.opened
      return machines.map((machine) => machine.id)
    })
    await looked.opened
    await held.finish(async (tx) => {
      await tx.hardwareReport.create({ data: { machineId, report: {} } })
    })
    finished.open()
    expect(await claiming).toBeNull()
    expect(looks).toBe(2)
    expect((await connection.history(machineId)).map((row) => row.event)).toEqual(['Finished', 'Started'])
  })

  test('a claim that waited while somebody else claimed and finished does not go by what it saw before', async () => {
    const { database, session, machineId } = await testSession(60)
    await (await session.startWork('P', [machineId]))!.cancel()
    const client = await plainClient(database)
    await client.query('BEGIN')
    await client.query('UPDATE work_tokens SET token = token + 1')
    const seen: string[][] = []
    const claiming = session.startWork('P', async (tx) => {
      seen.push(await claimable(tx, 'P', { where: { hardwareReport: null } }))
      return seen.at(-1)!
    })
    await untilWaiting(database)
    await client.query(`INSERT INTO machine_hardware_report (machine_id, hardware_report) VALUES ($1, '{}')`, [
      machineId,
    ])
    await client.query('COMMIT')
    expect(await claiming).toBeNull()
    expect(seen).toEqual([[machineId], []])
    expect(await database.sql('SELECT * FROM work')).toEqual([])
  })

  test('a machine that was deleted while its claim waited is passed over, or not found', async () => {
    const database = await testDatabase()
    const connection = await database.open()
    const session = await connection.startSession(noBeats)
    const { id } = await connection.prisma.machine.create({ data: {} })
    const client = await plainClient(database)
    await client.query('BEGIN')
    await client.query('DELETE FROM machines')
    const many = session.startWork('P', [id])
    const one = rejection(session.work(id, 'Q', () => {}))
    await untilWaiting(database, 2)
    await client.query('COMMIT')
    expect(await many).toBeNull()
    expect(await one).toMatchObject({ code: 'ERR_MACHINE_NOT_FOUND', machineId: id })
    expect(await database.sql('SELECT * FROM work_history')).toEqual([])
  })
})
