import { v4 as newId } from 'uuid'
import { describe, expect, test } from 'vitest'
import { deadHolder, expire, noBeats, rejection, testMachines } from './work-setup.ts'

describe('promise 9: everything leaves a trace', () => {
  test('each start and each end is one row with session, component, token, time and reason', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const [machineId] = machineIds as [string]
    const own = await database.open({ componentName: 'installer' })
    const first = await own.startSession(noBeats)
    const start = async () => (await first.startWork('P', machineIds, { ignoreBackoff: true }))!
    const [{ now: fromTime }] = (await database.sql('SELECT clock_timestamp() AS now')) as [{ now: Date }]
    await (await start()).finish()
    await (await start()).fail(new Error('outer', { cause: new Error('inner') }))
    await (await start()).cancel()
    await start()
    await first.close()
    const second = await deadHolder(database, connection, [])
    await second.startWork('P', machineIds, { ignoreBackoff: true })
    const third = await connection.startSession(noBeats)
    await third.startWork('P', machineIds, { ignoreBackoff: true })
    await expire(database, third)
    expect(await connection.sweep()).toEqual({ sessions: 1, work: 1 })
    const rows = (await connection.history(machineId)).reverse()
    const [{ now: toTime }] = (await database.sql('SELECT clock_timestamp() AS now')) as [{ now: Date }]
    expect(rows.map((row) => [row.event, row.token, row.sessionId, row.componentName])).toEqual([
      ['Started', 1n, first.id, 'installer'],
      ['Finished', 1n, first.id, 'installer'],
      ['Started', 2n, first.id, 'installer'],
      ['Failed', 2n, first.id, 'installer'],
      ['Started', 3n, first.id, 'installer'],
      ['Canceled', 3n, first.id, 'installer'],
      ['Started', 4n, first.id, 'installer'],
      ['Canceled', 4n, first.id, 'installer'],
      ['Started', 5n, second.id, 'test'],
      ['Expired', 5n, second.id, 'test'],
      ['Started', 6n, third.id, 'test'],
      ['Expired', 6n, third.id, 'test'],
    ])
    expect(rows.filter((row) => row.failedCause !== null).map((row) => row.failedCause)).toEqual([
      'outer: inner',
      'the session was closed',
      `its session expired; taken over by test (session ${third.id})`,
      'its session expired; swept',
    ])
    for (const row of rows) {
      expect(row).toMatchObject({ machineId, process: 'P' })
      expect(row.timestamp.getTime()).toBeGreaterThanOrEqual(fromTime.getTime())
      expect(row.timestamp.getTime()).toBeLessThanOrEqual(toTime.getTime())
    }
  })

  test('a claim or an end that is rolled back leaves none', async () => {
    const { connection, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    const work = (await session.startWork('P', machineIds))!
    await rejection(work.finish(() => Promise.reject(new Error('mine'))))
    expect(await connection.history(machineIds[0]!)).toHaveLength(1)
  })

  test('the history outlives the machine and its sessions', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    await session.work(machineIds[0]!, 'P', () => {})
    await session.close()
    await database.sql('DELETE FROM machines')
    expect(await connection.history(machineIds[0]!)).toHaveLength(2)
  })
})

describe('connection.history', () => {
  test('is newest first, and pages with `before` without leaving out or repeating a row', async () => {
    const { connection, database, machineIds } = await testMachines(2)
    const session = await connection.startSession(noBeats)
    for (let index = 0; index < 6; index++) await session.work(machineIds[0]!, index % 2 === 0 ? 'P' : 'Q', () => {})
    await session.work(machineIds[1]!, 'P', () => {})
    // Rows of one instant are told apart too.
    await database.sql('UPDATE work_history SET "timestamp" = now() WHERE work_token > 1')
    const all = await connection.history(machineIds[0]!)
    expect(all).toHaveLength(12)
    for (const [index, row] of all.entries())
      expect(row.timestamp.getTime()).toBeLessThanOrEqual(all[index - 1]?.timestamp.getTime() ?? Infinity)
    for (const process of ['P', 'Q'])
      expect(all.filter((row) => row.process === process).map((row) => [row.token, row.event])).toEqual(
        [3n, 2n, 1n].flatMap((token) => [
          [token, 'Finished'],
          [token, 'Started'],
        ]),
      )
    const paged: string[] = []
    for (let before: string | undefined; ; before = paged.at(-1)) {
      const page = await connection.history(machineIds[0]!, { limit: 5, before })
      paged.push(...page.map((row) => row.id))
      if (page.length < 5) break
    }
    expect(paged).toEqual(all.map((row) => row.id))
  })

  test('survives JSON.stringify, with the token as a string', async () => {
    const { connection, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    await (await session.startWork('P', machineIds))!.fail('no')
    const [row] = await connection.history(machineIds[0]!)
    expect(JSON.parse(JSON.stringify(row))).toEqual({
      id: row!.id,
      machineId: machineIds[0],
      process: 'P',
      event: 'Failed',
      timestamp: row!.timestamp.toISOString(),
      sessionId: session.id,
      componentName: 'test',
      token: '1',
      failedCause: 'no',
    })
  })

  test('of a machine that has none, or does not exist, is empty', async () => {
    const { connection, machineIds } = await testMachines(1)
    expect(await connection.history(machineIds[0]!)).toEqual([])
    expect(await connection.history(newId())).toEqual([])
  })
})
