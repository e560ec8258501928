import { describe, expect, test } from 'vitest'
import type { WorkLostError } from '../src/index.ts'
import { aborted } from './helpers.ts'
import { events, rejection, testMachines } from './work-setup.ts'

const because = { reason: 'a test' }

async function held(intervalSeconds = 60) {
  const made = await testMachines(1)
  const session = await made.connection.startSession({ intervalSeconds })
  const [machineId] = made.machineIds as [string]
  const claim = async () => (await session.startWork('P', [machineId], { ignoreBackoff: true }))!
  const backoff = async () => (await made.connection.fleet.backoffs()).rows[0]
  return { ...made, session, machineId, claim, backoff }
}

describe('work that is set aside', () => {
  test('snooze keeps the process away, counts no failure and says so in the history', async () => {
    const { claim, session, machineId, connection, backoff } = await held()
    await (await claim()).fail('no power', { initialSeconds: 10, exponent: 2 })
    await (await claim()).snooze(600)
    expect(await session.startWork('P', [machineId])).toBeNull()
    expect(await backoff()).toMatchObject({ attempts: 1, cause: 'no power', parkedAt: null })
    expect((await backoff())!.until.getTime()).toBeGreaterThan(Date.now() + 500_000)
    await (await claim()).fail('no power', { initialSeconds: 10, exponent: 2 })
    expect((await backoff())!.until.getTime()).toBeLessThan(Date.now() + 30_000)
    expect(await events(connection, machineId)).toEqual([
      'Started',
      'Failed',
      'Started',
      'Snoozed',
      'Started',
      'Failed',
    ])
  })

  test('park keeps it away until an operator unparks it, and then it begins from nothing', async () => {
    const { claim, session, machineId, connection, backoff } = await held()
    const work = await claim()
    await work.park(new Error('the firmware is not known', { cause: new Error('v9') }))
    expect(work.ended).toBe(true)
    expect(await backoff()).toMatchObject({ parkedBy: 'test', parkedReason: 'the firmware is not known: v9' })
    expect(await session.startWork('P', [machineId], { ignoreBackoff: true })).toBeNull()
    expect(await connection.operator('ann').clearBackoff(machineId, 'P', because)).toBe(false)
    expect(await connection.operator('ann').unpark(machineId, 'P', because)).toBe(true)
    expect(await backoff()).toBeUndefined()
    expect(await events(connection, machineId)).toEqual(['Started', 'Parked'])
    expect(await claim()).not.toBeNull()
  })

  test('at maxAttempts failures it is parked, and a success begins the count anew', async () => {
    const { claim, backoff } = await held()
    const failOnce = async () => (await claim()).fail('no', { initialSeconds: 1 }, { maxAttempts: 3 })
    await failOnce()
    await failOnce()
    expect(await backoff()).toMatchObject({ attempts: 2, parkedAt: null })
    await (await claim()).finish()
    await failOnce()
    await failOnce()
    await failOnce()
    expect(await backoff()).toMatchObject({ attempts: 3, parkedReason: 'it failed 3 times', parkedBy: 'test' })
  })

  test('what an operator parked while it was held stays parked when it finishes', async () => {
    const { claim, session, machineId, connection, backoff } = await held()
    const works = [await claim()]
    await connection.operator('ann').park(machineId, 'P', because)
    await works[0]!.finish()
    expect(await backoff()).toMatchObject({ parkedBy: 'ann' })
    expect(await session.startWork('P', [machineId], { ignoreBackoff: true })).toBeNull()
  })

  test.each(['finish', 'fail', 'snooze'] as const)(
    'a backoff that an operator set while it was held is not shortened by its %s',
    async (end) => {
      const { claim, session, machineId, connection, backoff } = await held()
      const work = await claim()
      await connection.operator('ann').setBackoff(machineId, 'P', 3_600, because)
      const { until } = (await backoff())!
      await (end === 'finish' ? work.finish() : end === 'fail' ? work.fail('no') : work.snooze(1))
      expect((await backoff())!.until).toEqual(until)
      expect(await session.startWork('P', [machineId])).toBeNull()
      await connection.operator('ann').clearBackoff(machineId, 'P', because)
      await (await session.startWork('P', [machineId]))!.finish()
      expect(await backoff()).toBeUndefined()
    },
  )

  test.each([
    ['snooze', (work: Awaited<ReturnType<Awaited<ReturnType<typeof held>>['claim']>>) => work.snooze(0)],
    [
      'fail',
      (work: Awaited<ReturnType<Awaited<ReturnType<typeof held>>['claim']>>) =>
        work.fail('x', undefined, { maxAttempts: 0 }),
    ],
    ['progress', (work: Awaited<ReturnType<Awaited<ReturnType<typeof held>>['claim']>>) => work.progress('x', 101)],
    ['progress', (work: Awaited<ReturnType<Awaited<ReturnType<typeof held>>['claim']>>) => work.progress('')],
  ])('%s refuses what is out of range, and the work is still held', async (_name, end) => {
    const { claim } = await held()
    const work = await claim()
    expect(await rejection(end(work))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    await work.finish()
  })
})

describe('progress', () => {
  test('is seen by operators, with when it is stuck', async () => {
    const { claim, connection, database } = await held()
    const work = await claim()
    await work.progress('flashing', 40, { deadlineSeconds: 60 })
    const [row] = (await connection.fleet.work()).rows
    expect(row).toMatchObject({ progress: { message: 'flashing', percent: 40 }, stuck: false, token: '1' })
    await database.sql(`UPDATE work_progress SET progress_deadline = now() - interval '1 second'`)
    expect((await connection.fleet.work({ stuck: true })).rows).toMatchObject([{ stuck: true }])
    await work.progress('writing')
    expect((await connection.fleet.work({ stuck: true })).rows).toEqual([])
    await work.finish()
    await claim()
    expect((await connection.fleet.work()).rows).toMatchObject([{ progress: null, token: '2' }])
  })

  test('of work that is gone is a WorkLostError, and of ended work a WorkEndedError', async () => {
    const { claim, database } = await held()
    const lost = await claim()
    await database.sql('DELETE FROM work')
    expect(await rejection(lost.progress('still there'))).toMatchObject({ code: 'ERR_WORK_LOST', reason: 'deleted' })
    const work = await claim()
    await work.finish()
    expect(await rejection(work.progress('still there'))).toMatchObject({ code: 'ERR_WORK_ENDED' })
  })
})

describe('a release by an operator', () => {
  test('is asked for first: the signal aborts with reason released, and what the holder then does counts', async () => {
    const { claim, connection, machineId } = await held(3)
    const work = await claim()
    const releasing = connection.operator('ann').release(machineId, 'P', { reason: 'it hangs', graceSeconds: 30 })
    const reason = (await aborted(work.signal)) as WorkLostError
    expect(reason).toMatchObject({ code: 'ERR_WORK_LOST', reason: 'released', cause: 'ann: it hangs' })
    await work.transact((tx) => tx.hardwareReport.create({ data: { machineId, report: { partly: true } } }))
    await work.cancel()
    expect(await releasing).toMatchObject({ outcome: 'released', holder: { component: 'test', token: 1n } })
    const [row] = await connection.history(machineId)
    expect(row).toMatchObject({ event: 'Released', failedCause: 'released by ann: it hangs' })
  })

  test('takes the work away when the grace is over, and the holder is told why', async () => {
    const { claim, connection, machineId } = await held(3)
    const work = await claim()
    const result = await connection.operator('ann').release(machineId, 'P', { reason: 'it hangs', graceSeconds: 0 })
    expect(result.outcome).toBe('forced')
    expect(await aborted(work.signal)).toMatchObject({ code: 'ERR_WORK_LOST', reason: 'released' })
    expect(await rejection(work.finish())).toMatchObject({ code: 'ERR_WORK_LOST' })
    expect(await events(connection, machineId)).toEqual(['Started', 'Released'])
    expect((await connection.fleet.operatorHistory()).rows.map((row) => row.action)).toEqual([
      'release by force',
      'release',
    ])
  })

  test('of what nobody holds writes nothing, and of an unknown machine is an error', async () => {
    const { connection, machineId } = await held()
    const ann = connection.operator('ann')
    expect(await ann.release(machineId, 'P', because)).toEqual({ outcome: 'not held' })
    expect((await connection.fleet.operatorHistory()).rows).toEqual([])
    expect(await rejection(ann.release(crypto.randomUUID(), 'P', because))).toMatchObject({
      code: 'ERR_MACHINE_NOT_FOUND',
    })
  })

  test('means that work alone: the same machine claimed again afterwards is not asked for', async () => {
    const { claim, connection, machineId, session } = await held(3)
    await claim()
    await connection.operator('ann').release(machineId, 'P', { ...because, graceSeconds: 0 })
    const again = (await session.startWork('P', [machineId]))!
    await again.progress('still here')
    // A further beat moves the deadline on.
    const before = session.deadline.getTime()
    await expect.poll(() => session.deadline.getTime() > before + 100, { timeout: 10_000 }).toBe(true)
    expect(again.signal.aborted).toBe(false)
    await again.finish()
  })
})

describe('a session that an operator ends', () => {
  test('is over at once, with its work in the history as released', async () => {
    const { claim, connection, session, machineId } = await held(3)
    await claim()
    expect(await connection.operator('ann').endSession(session.id, { reason: 'wrong site' })).toBe(true)
    expect(await aborted(session.signal)).toMatchObject({ code: 'ERR_SESSION_EXPIRED' })
    const [row] = await connection.history(machineId)
    expect(row).toMatchObject({ event: 'Released', failedCause: 'session ended by ann: wrong site' })
    expect((await connection.fleet.operatorHistory()).rows).toMatchObject([
      { action: 'end session', sessionId: session.id },
    ])
    expect(await connection.operator('ann').endSession(session.id, because)).toBe(false)
  })
})
