import { describe, expect, test } from 'vitest'
import { defineProcess, RunnerStoppedError, RunTimeoutError, snooze } from '../src/index.ts'
import { eventually, fleet, pause, rejection, untilAborted } from './setup.ts'
import { gate } from '@bmdb/testing'

describe('a runner that is stopped', () => {
  test('begins nothing new, lets what is under way finish, and closes its session', async () => {
    const made = await fleet(1)
    const go = gate()
    const process = defineProcess({
      name: 'P',
      run: async ({ signal }) => {
        await Promise.race([go.opened, untilAborted(signal)])
        return async () => {}
      },
    })
    const { runner, until, told } = await made.start([process], { drainSeconds: 30 })
    await until('claimed')
    const stopped = runner.stop()
    const [next] = await made.database.addMachines(1)
    await pause(300)
    go.open()
    await stopped
    expect(told('finished')).toHaveLength(1)
    expect(await made.database.events(next!)).toEqual([])
    expect(await made.database.count('sessions')).toBe(0)
    expect(told('stopped')).toHaveLength(1)
  })

  test('cancels what does not end in the time for it; its signal says why', async () => {
    const made = await fleet(2)
    const reasons: unknown[] = []
    const process = defineProcess({
      name: 'P',
      run: ({ signal }) => untilAborted(signal).catch((reason: unknown) => void reasons.push(reason)),
    })
    const { runner, until, told, log } = await made.start([process], { drainSeconds: 0.3 })
    await until('claimed', 2)
    const startMs = performance.now()
    await runner.stop()
    expect(performance.now() - startMs).toBeGreaterThan(290)
    expect(performance.now() - startMs).toBeLessThan(1_500)
    expect(reasons).toEqual([expect.any(RunnerStoppedError), expect.any(RunnerStoppedError)])
    expect(told('canceled').map((one) => one.reason)).toEqual(reasons)
    for (const machineId of made.machineIds)
      expect(await made.database.events(machineId)).toEqual(['Started', 'Canceled'])
    expect(log.said('cancelled, since the program stops')).toHaveLength(2)
    expect(await made.database.count('sessions')).toBe(0)
  })

  test('keeps a result that a run returns although its signal aborted', async () => {
    const made = await fleet(1)
    const process = defineProcess({
      name: 'P',
      run: ({ signal }) => untilAborted(signal).catch(() => async () => {}),
    })
    const { runner, until, told } = await made.start([process], { drainSeconds: 0 })
    await until('claimed')
    await runner.stop()
    expect(told('finished')).toHaveLength(1)
  })

  test('leaves a run behind that does not hear of it, a second later', async () => {
    const made = await fleet(1)
    const go = gate()
    const process = defineProcess({ name: 'P', run: () => go.opened })
    const { runner, until, told, log } = await made.start([process], { drainSeconds: 0 })
    await until('claimed')
    const startMs = performance.now()
    await runner.stop()
    expect(performance.now() - startMs).toBeLessThan(2_500)
    expect(told('abandoned')).toHaveLength(1)
    expect(await made.database.events(made.machineIds[0]!)).toEqual(['Started', 'Canceled'])
    go.open()
    await eventually('it has ended', () => log.said('a run that was left behind has ended').length === 1)
  })

  test('twice is harmless, and so is a signal beside it', async () => {
    const made = await fleet(0)
    const controller = new AbortController()
    const process = defineProcess({ name: 'P', run: () => {} })
    const { runner, until, told, log } = await made.start([process], { signal: controller.signal })
    await until('sessionStarted')
    controller.abort()
    await Promise.all([runner.stop(), runner.stop(), runner.stopped])
    await runner.stop()
    expect(told('stopping')).toHaveLength(1)
    expect(log.said('stopping: nothing new is begun')).toHaveLength(1)
    expect(runner.session).toBeUndefined()
  })

  test('by its connection, which was closed, ends too', async () => {
    const made = await fleet(1)
    const process = defineProcess({ name: 'P', run: ({ signal }) => untilAborted(signal) })
    const { runner, until, log } = await made.start([process])
    await until('claimed')
    await made.connection.close()
    await runner.stopped
    expect(log.said('the connection was closed: the runner ends')).toHaveLength(1)
  })
})

describe('a run that takes too long', () => {
  const slow = { timeoutSeconds: 1, backoff: { initialSeconds: 600 } }

  test('is told so by its signal, and fails with that', async () => {
    const made = await fleet(1)
    const process = defineProcess({
      ...slow,
      name: 'P',
      run: async ({ signal }) => {
        const reason = await rejection(untilAborted(signal))
        throw new Error('the request was cut', { cause: reason })
      },
    })
    const { until } = await made.start([process])
    const { error, machineId } = await until('failed')
    expect(error).toBeInstanceOf(RunTimeoutError)
    expect(error).toMatchObject({ code: 'ERR_RUN_TIMEOUT', process: 'P', machineId, timeoutSeconds: 1 })
    const [row] = (await made.connection.fleet.backoffs()).rows
    expect(row!.cause).toBe(`P on machine ${machineId} took longer than 1 s: the request was cut`)
  })

  test('fails also with what it returns then: it was too late', async () => {
    const made = await fleet(1)
    const process = defineProcess({
      ...slow,
      name: 'P',
      run: ({ signal }) => untilAborted(signal).catch(() => snooze(60)),
    })
    const { until } = await made.start([process])
    expect((await until('failed')).error).toBeInstanceOf(RunTimeoutError)
  })

  test('and does not hear of it is left behind after the grace: only then its slot is free', async () => {
    const made = await fleet(2)
    const process = defineProcess({ ...slow, name: 'P', run: () => new Promise<void>(() => {}) })
    const { until, told, log } = await made.start([process], { concurrency: 1, graceSeconds: 0.5 })
    const startMs = performance.now()
    await until('abandoned')
    expect(performance.now() - startMs).toBeGreaterThan(1_400)
    await until('claimed', 2)
    expect(told('failed')).toMatchObject([{ machineId: made.machineIds[0] }])
    expect(log.lines.filter((line) => line.level === 'error')).toMatchObject([
      { fields: { process: 'P', machine: made.machineIds[0] } },
    ])
  })
})

describe('a release by an operator', () => {
  const release = { reason: 'it hangs', graceSeconds: 30 }

  test('aborts the run, and cancels its work when it settles', async () => {
    const made = await fleet(1)
    const [machineId] = made.machineIds as [string]
    const process = defineProcess({ name: 'P', run: ({ signal }) => untilAborted(signal) })
    const { until } = await made.start([process], { intervalSeconds: 1 })
    await until('claimed')
    const { outcome } = await made.connection.operator('ann').release(machineId, 'P', release)
    expect(outcome).toBe('released')
    expect(await until('canceled')).toMatchObject({ machineId, reason: { code: 'ERR_WORK_LOST', reason: 'released' } })
    const history = await made.connection.history(machineId)
    expect(history.find((row) => row.event === 'Released')).toMatchObject({ failedCause: 'released by ann: it hangs' })
  })

  test('lets a result that the run returns be committed', async () => {
    const made = await fleet(1)
    const [machineId] = made.machineIds as [string]
    const process = defineProcess({
      name: 'P',
      eligible: { hardwareReport: null },
      run: ({ signal, machine }) =>
        untilAborted(signal).catch(() => async (tx) => {
          await tx.hardwareReport.create({ data: { machineId: machine.id, report: {} } })
        }),
    })
    const { until } = await made.start([process], { intervalSeconds: 1 })
    await until('claimed')
    expect(await made.connection.operator('ann').release(machineId, 'P', release)).toMatchObject({
      outcome: 'released',
    })
    await until('finished')
    expect(await made.database.events(machineId)).toEqual(['Started', 'Finished'])
  })

  test('that takes the work away is a loss', async () => {
    const made = await fleet(1)
    const [machineId] = made.machineIds as [string]
    const go = gate()
    const process = defineProcess({ name: 'P', run: ({ token }) => (token === 1n ? go.opened : undefined) })
    const { until } = await made.start([process], { intervalSeconds: 1 })
    await until('claimed')
    const taken = await made.connection.operator('ann').release(machineId, 'P', { ...release, graceSeconds: 0 })
    expect(taken).toMatchObject({ outcome: 'forced' })
    go.open()
    expect(await until('lost')).toMatchObject({ machineId, token: 1n })
  })
})
