import { describe, expect, test } from 'vitest'
import { testSession } from './setup.ts'
import { failInserts } from './helpers.ts'
import { eventually, events, gate, noBeats, plainClient, rejection, untilWaiting } from './work-setup.ts'

async function heldWork() {
  const all = await testSession(60)
  return { ...all, work: (await all.session.startWork('P', [all.machineId]))! }
}

describe('promise 11: a failed end can be tried again', () => {
  for (const next of ['finish', 'fail', 'cancel'] as const)
    test(`after a finish whose function threw the work is still held, and ${next} ends it`, async () => {
      const { connection, database, machineId, work } = await heldWork()
      const thrown = new Error('mine')
      expect(await rejection(work.finish(() => Promise.reject(thrown)))).toBe(thrown)
      expect(work.ended).toBe(false)
      expect(work.signal.aborted).toBe(false)
      await work.transact((tx) => tx.bmc.create({ data: { machineId, address: 'x' } }))
      await (next === 'fail' ? work.fail('no') : work[next]())
      expect(work.ended).toBe(true)
      expect(await database.sql('SELECT * FROM work')).toEqual([])
      const event = { finish: 'Finished', fail: 'Failed', cancel: 'Canceled' }[next]
      expect(await events(connection, machineId)).toEqual(['Started', event])
    })

  test('after ends that failed otherwise: a refused statement, a time limit, an abort, a bad backoff', async () => {
    const { connection, database, machineId, work } = await heldWork()
    const refused = await rejection(
      work.finish((tx) => tx.bmc.create({ data: { machineId: work.machineId.replaceAll(/./g, '0'), address: 'x' } })),
    )
    expect(refused).not.toMatchObject({ code: 'ERR_WORK_LOST' })
    const slow = work.finish(() => new Promise(() => {}), { timeoutMs: 50 })
    expect(await rejection(slow)).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT' })
    const reason = new Error('enough')
    expect(await rejection(work.finish(undefined, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(await rejection(work.fail('no', { initialSeconds: 0.5 }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(work.signal.aborted).toBe(false)
    await work.finish()
    expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
    expect(await events(connection, machineId)).toEqual(['Started', 'Finished'])
  })

  test('an end that waits for a lock until its time is over leaves the work to be ended again', async () => {
    const { connection, database, machineId, work } = await heldWork()
    const client = await plainClient(database)
    await client.query('BEGIN')
    await client.query('SELECT * FROM work FOR UPDATE')
    const ending = rejection(work.finish(async () => {}, { timeoutMs: 300 }))
    await untilWaiting(database)
    expect(await ending).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT' })
    await client.query('ROLLBACK')
    await work.fail('too slow')
    expect(await events(connection, machineId)).toEqual(['Started', 'Failed'])
  })

  test('of ends that are called at once one ends the work, and the others are ERR_WORK_ENDED', async () => {
    const { connection, machineId, work } = await heldWork()
    const ends = await Promise.allSettled([
      work.finish(async () => 'stored'),
      work.finish(),
      work.fail('no'),
      work.cancel(),
    ])
    expect(ends[0]).toEqual({ status: 'fulfilled', value: 'stored' })
    for (const end of ends.slice(1))
      expect((end as PromiseRejectedResult).reason).toMatchObject({ code: 'ERR_WORK_ENDED', machineId, process: 'P' })
    expect(await events(connection, machineId)).toEqual(['Started', 'Finished'])
  })

  test('a second end, and a transact after the end, are ERR_WORK_ENDED and say how it ended', async () => {
    const { database, work } = await heldWork()
    await work.cancel()
    for (const call of [
      () => work.finish(),
      () => work.fail('no'),
      () => work.cancel(),
      () => work.transact(async () => {}),
    ]) {
      const error = await rejection(call())
      expect(error).toMatchObject({ code: 'ERR_WORK_ENDED' })
      expect(error.message).toContain('cancel')
    }
    expect(await database.sql('SELECT * FROM work_backoff')).toEqual([])
  })

  test('transact inside finish is refused at once instead of waiting for itself', async () => {
    const { work } = await heldWork()
    await work.finish(async () => {
      expect(await rejection(work.transact(async () => {}, { timeoutMs: 2_000 }))).toMatchObject({
        code: 'ERR_WORK_ENDED',
      })
    })
  })

  test('finish commits what its function writes together with the release, or neither', async () => {
    const { connection, database, machineId, work } = await heldWork()
    const begun = gate()
    const resume = gate()
    const finishing = work.finish(async (tx) => {
      await tx.bmc.create({ data: { machineId, address: 'x' } })
      begun.open()
      await resume.opened
      return 42
    })
    await begun.opened
    expect(await database.sql('SELECT * FROM work')).toHaveLength(1)
    expect(await events(connection, machineId)).toEqual(['Started'])
    resume.open()
    expect(await finishing).toBe(42)
    expect(await database.sql('SELECT * FROM work')).toEqual([])
    expect(await database.sql('SELECT * FROM machine_bmc')).toHaveLength(1)
  })

  test('disposal cancels work that nothing has ended, and leaves ended work alone', async () => {
    const { connection, machineId, session, work } = await heldWork()
    {
      await using held = work
      expect(held.ended).toBe(false)
    }
    expect(work.ended).toBe(true)
    {
      await using held = (await session.startWork('P', [machineId]))!
      await held.finish()
    }
    expect(await events(connection, machineId)).toEqual(['Started', 'Canceled', 'Started', 'Finished'])
  })

  test('disposal that fails leaves the work to the beats, which cancel it', async () => {
    const { connection, database, machineId, session } = await testSession(2)
    const work = (await session.startWork('P', [machineId]))!
    await failInserts(database, { sqlState: 'P0001', at: 'statement', table: 'work_history' })
    await work[Symbol.asyncDispose]()
    expect(work.ended).toBe(false)
    await eventually('the work is given back', async () => (await database.sql('SELECT 1 FROM work')).length === 0)
    expect(await events(connection, machineId)).toEqual(['Started', 'Canceled'])
    expect(session.expired).toBe(false)
  })
})

describe('session.work', () => {
  test('returns what the function returned, and finishes', async () => {
    const { connection, machineId, session } = await testSession(60)
    expect(await session.work(machineId, 'P', (work) => `${work.machineId} ${work.process} ${work.token}`)).toBe(
      `${machineId} P 1`,
    )
    expect(await session.work(machineId, 'P', async () => undefined)).toBeUndefined()
    expect(await events(connection, machineId)).toEqual(['Started', 'Finished', 'Started', 'Finished'])
  })

  test('fails with what the function threw and the backoff, and the throw comes out as it was', async () => {
    const { connection, database, machineId, session } = await testSession(60)
    const thrown = new Error('mine')
    const options = { backoff: { initialSeconds: 77 } }
    expect(await rejection(session.work(machineId, 'P', () => Promise.reject(thrown), options))).toBe(thrown)
    expect((await connection.history(machineId))[0]).toMatchObject({ event: 'Failed', failedCause: 'mine' })
    expect(await database.sql('SELECT cause, last_interval_seconds FROM work_backoff')).toEqual([
      { cause: 'mine', last_interval_seconds: '77' },
    ])
  })

  test('comes out with any value that was thrown, also one that no text can be made of', async () => {
    const { database, machineId, session } = await testSession(60)
    const circle: Record<string, unknown> = Object.assign(Object.create(null) as object, { n: 1n })
    circle['self'] = circle
    const empty = Object.create(null) as object
    for (const thrown of ['text', undefined, null, 0, Symbol('s'), circle, empty, new Error('')]) {
      const failing = session.work(machineId, 'P', () => Promise.reject(thrown), { ignoreBackoff: true })
      expect(await failing.catch((error: unknown) => ({ error }))).toEqual({ error: thrown })
      expect(await database.sql('SELECT * FROM work')).toEqual([])
    }
  })

  test('leaves work alone that the function ended itself', async () => {
    const { connection, machineId, session } = await testSession(60)
    expect(await session.work(machineId, 'P', (work) => work.cancel().then(() => 'kept'))).toBe('kept')
    const thrown = new Error('after the end')
    const failing = session.work(machineId, 'P', async (work) => {
      await work.finish()
      throw thrown
    })
    expect(await rejection(failing)).toBe(thrown)
    expect(await events(connection, machineId)).toEqual(['Started', 'Canceled', 'Started', 'Finished'])
  })

  test('does not call the function where the claim fails', async () => {
    const { connection, machineId, session } = await testSession(60)
    const other = await connection.startSession(noBeats)
    await session.work(machineId, 'P', async () => {
      const called: unknown[] = []
      await rejection(other.work(machineId, 'P', (work) => called.push(work)))
      expect(called).toEqual([])
    })
  })
})
