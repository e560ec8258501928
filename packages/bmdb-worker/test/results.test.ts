import type { PrismaClient } from '@bmdb/core'
import { describe, expect, test } from 'vitest'
import {
  cancel,
  CancelError,
  defineProcess,
  park,
  ParkError,
  snooze,
  SnoozeError,
  type ProcessDefinition,
  type RunContext,
} from '../src/index.ts'
import { fleet, untilAborted } from './setup.ts'

class NoPowerError extends Error {}

/** Runs it once on one machine. */
async function once(
  run: (context: RunContext<PrismaClient>) => unknown,
  more: Partial<ProcessDefinition<PrismaClient>> = {},
) {
  const made = await fleet(1)
  let runs = 0
  const process = defineProcess({
    name: 'P',
    backoff: { initialSeconds: 600 },
    ...more,
    run: (context) => {
      runs += 1
      // One that comes back at once is not what is asked.
      return (runs === 1 ? run(context) : untilAborted(context.signal)) as undefined
    },
  })
  const started = await made.start([process])
  const [machineId] = made.machineIds as [string]
  const backoff = async () => (await made.connection.fleet.backoffs()).rows[0]
  return { ...made, ...started, machineId, backoff, runs: () => runs }
}

describe('what a run returns', () => {
  test('a function is committed by finish, with the release of the machine', async () => {
    const { until, database, machineId, connection } = await once(async ({ machine, token }) => {
      expect(token).toBe(1n)
      return async (tx: PrismaClient) => {
        await tx.hardwareReport.create({ data: { machineId: machine.id, report: { model: 'X' } } })
      }
    })
    expect(await until('finished')).toEqual({ process: 'P', machineId, token: 1n, attempt: 1 })
    expect((await database.events(machineId)).slice(0, 2)).toEqual(['Started', 'Finished'])
    expect(await connection.prisma.hardwareReport.count()).toBe(1)
  })

  test('nothing is a plain finish', async () => {
    const { until, database, machineId } = await once(() => {})
    await until('finished')
    expect((await database.events(machineId)).slice(0, 2)).toEqual(['Started', 'Finished'])
  })

  test.each<[string, () => unknown]>([
    ['snooze returned', () => snooze(60)],
    ['a SnoozeError thrown', () => Promise.reject(new SnoozeError(60))],
    ['an error that onError calls a snooze', () => Promise.reject(new NoPowerError('no power'))],
  ])('%s keeps the process away for so long, and counts no failure', async (_how, run) => {
    const onError = (error: unknown) => (error instanceof NoPowerError ? snooze(60) : undefined)
    const { until, database, machineId, backoff } = await once(run, { onError })
    expect(await until('snoozed')).toMatchObject({ machineId, seconds: 60 })
    expect(await database.events(machineId)).toEqual(['Started', 'Snoozed'])
    expect(await backoff()).toMatchObject({ attempts: 0, parkedAt: null })
  })

  test.each<[string, () => unknown]>([
    ['park returned', () => park(new Error('the firmware is not known', { cause: new Error('v9') }))],
    [
      'a ParkError thrown',
      () => Promise.reject(new ParkError('the firmware is not known', { cause: new Error('v9') })),
    ],
  ])('%s keeps it away until an operator unparks it', async (_how, run) => {
    const { until, database, machineId, backoff, connection } = await once(run)
    await until('parked')
    expect(await backoff()).toMatchObject({ parkedReason: 'the firmware is not known: v9', parkedBy: 'test' })
    expect(await database.events(machineId)).toEqual(['Started', 'Parked'])
    // That also wakes the runner.
    await connection.operator('ann').unpark(machineId, 'P', { reason: 'a new version' })
    await until('claimed', 2)
  })

  test.each<[string, () => unknown]>([
    ['cancel returned', () => cancel()],
    ['a CancelError thrown', () => Promise.reject(new CancelError())],
  ])('%s gives the machine back, and leaves no backoff', async (_how, run) => {
    const { until, database, machineId, backoff } = await once(run)
    expect(await until('canceled')).toMatchObject({ machineId, reason: undefined })
    expect((await database.events(machineId)).slice(0, 2)).toEqual(['Started', 'Canceled'])
    expect(await backoff()).toBeUndefined()
  })

  test.each([
    ['an object', { model: 'X' }],
    ['what only looks like a result', { end: 'snooze', seconds: 60 }],
  ])('%s is a mistake, and fails with what it must be', async (_what, value) => {
    const { until, backoff } = await once(() => value)
    const { error } = await until('failed')
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect((await backoff())?.cause).toBe(
      'what run of P returned is an object, it must be a function for finish, snooze(seconds), park(reason), cancel(), or nothing',
    )
  })
})

describe('what a run throws', () => {
  test('fails it, with the error and its causes, and the backoff of the process', async () => {
    const error = new Error('the BMC does not answer', { cause: new Error('connect ECONNREFUSED') })
    const { until, database, machineId, backoff, log } = await once(() => Promise.reject(error))
    expect(await until('failed')).toMatchObject({ machineId, error, attempt: 1, parked: false })
    expect(await database.events(machineId)).toEqual(['Started', 'Failed'])
    const row = await backoff()
    expect(row).toMatchObject({ attempts: 1, cause: 'the BMC does not answer: connect ECONNREFUSED' })
    expect(row!.until.getTime()).toBeGreaterThan(Date.now() + 500_000)
    expect(log.said('the run failed')).toMatchObject([{ level: 'warn', fields: { process: 'P', machine: machineId } }])
  })

  test('at once, before it waited for anything, fails it too', async () => {
    const { until } = await once(() => {
      throw new Error('at once')
    })
    expect((await until('failed')).error).toMatchObject({ message: 'at once' })
  })

  test('of an onError that fails itself, the first error counts', async () => {
    const onError = () => {
      throw new Error('onError is broken')
    }
    const { until, log } = await once(() => Promise.reject(new Error('the first')), { onError })
    expect((await until('failed')).error).toMatchObject({ message: 'the first' })
    expect(log.said('onError failed: the run fails')).toHaveLength(1)
  })

  test('so many times that maxAttempts is reached parks the machine, and a run is told which attempt it is', async () => {
    const made = await fleet(1)
    const seen: number[] = []
    const process = defineProcess({
      name: 'P',
      backoff: { initialSeconds: 1 },
      maxAttempts: 3,
      run: ({ attempt }) => {
        seen.push(attempt)
        throw new Error('no')
      },
    })
    const { until, told } = await made.start([process], { pollSeconds: 0.2 })
    expect(await until('failed', 3)).toMatchObject({ attempt: 3, parked: true })
    expect(seen).toEqual([1, 2, 3])
    expect(told('failed').map((one) => one.parked)).toEqual([false, false, true])
    const [row] = (await made.connection.fleet.backoffs()).rows
    expect(row).toMatchObject({ attempts: 3, parkedReason: 'it failed 3 times' })
  })
})

describe('a finish that fails', () => {
  test('is a failure of the run: the work is still held, and nothing is committed', async () => {
    const { until, database, machineId, connection, backoff } = await once(() => async (tx: PrismaClient) => {
      await tx.hardwareReport.create({ data: { machineId: (await tx.machine.findFirstOrThrow()).id, report: {} } })
      throw new Error('the report is not complete')
    })
    expect((await until('failed')).error).toMatchObject({ message: 'the report is not complete' })
    expect(await database.events(machineId)).toEqual(['Started', 'Failed'])
    expect(await backoff()).toMatchObject({ cause: 'the report is not complete' })
    expect(await connection.prisma.hardwareReport.count()).toBe(0)
  })

  test('of work that is gone is a loss', async () => {
    const made = await fleet(1)
    const process = defineProcess({
      name: 'P',
      run: async ({ work, signal }) => {
        if (work.token > 1n) return untilAborted(signal)
        await made.database.sql('DELETE FROM work WHERE machine_id = $1::uuid', work.machineId)
        return async () => {}
      },
    })
    // Long enough that no beat tells of it first.
    const { until, log } = await made.start([process], { intervalSeconds: 60 })
    expect(await until('lost')).toMatchObject({ machineId: made.machineIds[0], error: { code: 'ERR_WORK_LOST' } })
    expect(log.said('lost the machine: nothing was committed')).toHaveLength(1)
  })
})

test('a machine comes with what the process includes, and is read as it is when the run begins', async () => {
  const made = await fleet(3)
  for (const machineId of made.machineIds)
    await made.connection.prisma.bmc.create({ data: { machineId, address: `http://${machineId}` } })
  const seen: string[] = []
  const process = defineProcess({
    name: 'P',
    eligible: { bmc: { isNot: null }, hardwareReport: null },
    include: { bmc: true },
    run: async ({ machine }) => {
      seen.push(machine.bmc!.address)
      return async (tx) => {
        await tx.hardwareReport.create({ data: { machineId: machine.id, report: {} } })
      }
    },
  })
  const { until } = await made.start([process])
  await until('finished', 3)
  expect(seen).toEqual(made.machineIds.map((id) => `http://${id}`))
  await until('idle')
})
