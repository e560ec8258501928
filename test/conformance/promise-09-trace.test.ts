import { gate } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { hold, longLease, testSession } from './setup.ts'
import { pause, rejection } from './waiting.ts'

describe('promise 9: everything leaves a trace, written in the transaction that did it', () => {
  test('each start and each kind of end is a row with session, component, token, time and reason', async () => {
    const { database, connection, session, machineId } = await testSession()
    const [begun] = await database.sql<{ now: Date }>('SELECT clock_timestamp() AS now')
    await (await hold(session, machineId)).finish()
    await (await hold(session, machineId)).cancel()
    const swept = await connection.startSession(longLease)
    await hold(swept, machineId)
    await database.expire(swept)
    await connection.sweep()
    const closed = await connection.startSession(longLease)
    await hold(closed, machineId)
    await closed.close()
    const dead = await connection.startSession(longLease)
    await hold(dead, machineId)
    await database.expire(dead)
    await (await hold(session, machineId)).fail(new Error('the disk is gone'))

    const rows = (await connection.history(machineId)).reverse()
    const { id } = session
    expect(rows.map((row) => [row.event, row.token, row.sessionId, row.failedCause])).toEqual([
      ['Started', 1n, id, null],
      ['Finished', 1n, id, null],
      ['Started', 2n, id, null],
      ['Canceled', 2n, id, null],
      ['Started', 3n, swept.id, null],
      ['Expired', 3n, swept.id, expect.stringContaining('swept')],
      ['Started', 4n, closed.id, null],
      ['Canceled', 4n, closed.id, expect.stringContaining('closed')],
      ['Started', 5n, dead.id, null],
      ['Expired', 5n, dead.id, expect.stringContaining(`taken over by conformance (session ${id})`)],
      ['Started', 6n, id, null],
      ['Failed', 6n, id, 'the disk is gone'],
    ])
    let previous = begun!.now.getTime()
    for (const row of rows) {
      expect(row).toMatchObject({ machineId, process: 'P', componentName: 'conformance' })
      expect(row.timestamp.getTime()).toBeGreaterThanOrEqual(previous)
      previous = row.timestamp.getTime()
    }
  })

  test('what does not happen leaves none: a refused claim, an end whose function throws', async () => {
    const { connection, session, machineId } = await testSession()
    const work = await hold(session, machineId)
    expect(await rejection(session.work(machineId, 'P', () => {}))).toMatchObject({ code: 'ERR_WORK_CONFLICT' })
    await rejection(work.finish(() => Promise.reject(new Error('not yet'))))
    expect((await connection.history(machineId)).map((row) => row.event)).toEqual(['Started'])
  })

  test('work that is finished while somebody waits to take it over has one end', async () => {
    const { database, connection, session, machineId } = await testSession()
    const work = await hold(session, machineId)
    const others = await database.openBehindProxy()
    const taker = await others.connection.startSession(longLease)
    const begun = gate()
    const resume = gate()
    // The taker may end the open transaction before a slow machine comes to commit it.
    const finished = work
      .finish(async () => {
        begun.open()
        await resume.opened
      })
      .then(
        () => true,
        () => false,
      )
    await begun.opened
    await database.expire(session)
    const sent = others.proxy.next('bmdb_end_work_of', { do: 'delay', ms: 1, when: 'before' })
    const taking = hold(taker, machineId)
    await sent
    await pause(100)
    resume.open()
    const end = (await finished) ? 'Finished' : 'Expired'
    await taking
    expect((await connection.history(machineId)).map((row) => row.event)).toEqual(['Started', end, 'Started'])
  })

  test('it outlives its machine and its session', async () => {
    const { database, connection, session, machineId } = await testSession()
    await (await hold(session, machineId)).finish()
    await session.close()
    await database.sql('DELETE FROM machines WHERE machine_id = $1::uuid', machineId)
    expect((await connection.history(machineId)).map((row) => row.event)).toEqual(['Finished', 'Started'])
  })
})
