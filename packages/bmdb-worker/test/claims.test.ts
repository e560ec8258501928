import { gate } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { defineProcess, snooze, type RunnerEvents } from '../src/index.ts'
import { eventually, fleet, pause, untilAborted } from './setup.ts'

/** A process whose runs wait at a gate, and that counts how many are under way. */
function counting(name: string, more: object = {}) {
  const go = gate()
  const state = { now: 0, most: 0, machines: [] as string[] }
  const process = defineProcess({
    name,
    ...more,
    run: async ({ machine, signal }) => {
      state.now += 1
      state.most = Math.max(state.most, state.now)
      state.machines.push(machine.id)
      await Promise.race([go.opened, untilAborted(signal)]).finally(() => (state.now -= 1))
      return snooze(600)
    },
  })
  return { process, state, go }
}

describe('a runner', () => {
  test('runs no more at a time than its concurrency, of all processes together, and shares it between them', async () => {
    const made = await fleet(10)
    const [one, other] = [counting('P'), counting('Q')]
    const { runner, until } = await made.start([one.process, other.process], { concurrency: 4 })
    await until('claimed', 4)
    await pause(300)
    expect([one.state.now, other.state.now]).toEqual([2, 2])
    expect(runner.running).toHaveLength(4)
    expect(await made.database.count('work')).toBe(4)
    one.go.open()
    other.go.open()
    await until('snoozed', 20)
    expect(one.state.most + other.state.most).toBeGreaterThanOrEqual(4)
  })

  test('runs no more of a process than that allows', async () => {
    const made = await fleet(10)
    const [one, other] = [counting('P', { concurrency: 1 }), counting('Q')]
    const { until } = await made.start([one.process, other.process], { concurrency: 5 })
    await until('claimed', 5)
    expect([one.state.now, other.state.now]).toEqual([1, 4])
    one.go.open()
    other.go.open()
    await until('snoozed', 20)
    expect(one.state.most).toBe(1)
  })

  test('takes the longest untouched machines first', async () => {
    const made = await fleet(6)
    const { process, state, go } = counting('P')
    go.open()
    const { until } = await made.start([process], { concurrency: 1 })
    await until('snoozed', 6)
    expect(state.machines).toEqual(made.machineIds)
  })

  test('takes as many at once as it has slots', async () => {
    const made = await fleet(50)
    const { process } = counting('P')
    const { until } = await made.start([process], { concurrency: 50 })
    await until('claimed', 50)
    const rows = await made.database.sql<{ n: number }>(`SELECT count(DISTINCT xmin::text)::int4 AS n FROM work`)
    expect(rows).toEqual([{ n: 1 }])
  })

  test('never has processes in conflict on one machine at the same time', async () => {
    const made = await fleet(6)
    const held = new Map<string, number>()
    let most = 0
    const define = (name: string, conflictsWith: string[]) =>
      defineProcess({
        name,
        conflictsWith,
        run: async ({ machine }) => {
          const now = (held.get(machine.id) ?? 0) + 1
          held.set(machine.id, now)
          most = Math.max(most, now)
          await pause(30)
          held.set(machine.id, held.get(machine.id)! - 1)
          return snooze(600)
        },
      })
    const processes = [define('P', ['Q']), define('Q', [])]
    const { until } = await made.start(processes, { pollSeconds: 0.1 })
    await until('snoozed', 12)
    expect(most).toBe(1)
  })

  test('holds no more machines of a failure domain than the process allows', async () => {
    const made = await fleet(6)
    const ann = made.connection.operator('ann')
    for (const [index, machineId] of made.machineIds.entries())
      await ann.setFailureDomain(machineId, 'rack', `rack ${index % 2}`, { reason: 'a test' })
    const { process, state, go } = counting('P', { failureDomains: { rack: 2 } })
    const { until } = await made.start([process], { pollSeconds: 0.1 })
    await until('claimed', 4)
    await pause(400)
    expect(state.now).toBe(4)
    go.open()
    await until('snoozed', 6)
    expect(state.most).toBe(4)
  })

  test('takes what SQL says is eligible', async () => {
    const made = await fleet(3)
    await made.connection.prisma.bmc.create({ data: { machineId: made.machineIds[1]!, address: 'http://bmc' } })
    const { process, state } = counting('P', {
      eligible: { sql: 'EXISTS (SELECT 1 FROM machine_bmc AS b WHERE b.machine_id = m.machine_id)' },
    })
    const { until } = await made.start([process])
    await until('claimed')
    await pause(200)
    expect(state.machines).toEqual([made.machineIds[1]])
    expect(await made.connection.fleet.counts('P')).toMatchObject({ eligible: 0, held: 1 })
  })
})

describe('an idle runner', () => {
  test('claims sooner than its poll when it is woken, and never needs that', async () => {
    const made = await fleet(0)
    const { process } = counting('P')
    const { until } = await made.start([process], { pollSeconds: 60 })
    await until('idle')
    // By now the next look is seconds away.
    await pause(1_600)
    await made.database.addMachines(1)
    const other = await made.database.open()
    const startMs = performance.now()
    other.wakeUp()
    await until('claimed')
    expect(performance.now() - startMs).toBeLessThan(1_000)
  })

  test('looks again after a finish, which may be what another process waits for', async () => {
    const made = await fleet(1)
    const first = defineProcess({
      name: 'P',
      eligible: { hardwareReport: null },
      run: async ({ machine }) => {
        await pause(1_600)
        return async (tx) => {
          await tx.hardwareReport.create({ data: { machineId: machine.id, report: {} } })
        }
      },
    })
    const second = counting('Q', { eligible: { hardwareReport: { isNot: null } } })
    const { until } = await made.start([first], { pollSeconds: 60 })
    // Another program, which hears of it through the database alone.
    const other = await made.start([second.process], { pollSeconds: 60 })
    await until('finished')
    const startMs = performance.now()
    await other.until('claimed')
    expect(performance.now() - startMs).toBeLessThan(1_000)
  })

  test('asks the database less and less often', async () => {
    const made = await fleet(0)
    let asked = 0
    const metrics = {
      count() {},
      gauge() {},
      observe: (name: string) => void (name === 'bmdb_runner_claim_duration_seconds' && (asked += 1)),
    }
    const { process } = counting('P')
    const { until } = await made.start([process], { pollSeconds: 60, metrics, countSeconds: 0 })
    await until('idle')
    await pause(2_000)
    expect(asked).toBeLessThanOrEqual(6)
  })
})

test('a listener that throws is logged, and breaks nothing', async () => {
  const made = await fleet(2)
  const process = defineProcess({ name: 'P', run: () => snooze(600) })
  const { runner, until, log } = await made.start([process], { concurrency: 1 })
  for (const name of ['claimed', 'snoozed'] as (keyof RunnerEvents)[]) {
    runner.on(name, () => {
      throw new Error('a listener is broken')
    })
    runner.on(name, () => Promise.reject(new Error('a listener is broken later')))
  }
  const heard: string[] = []
  const off = runner.on('snoozed', ({ machineId }) => heard.push(machineId))
  await until('snoozed', 2)
  expect(heard).toEqual(made.machineIds)
  await eventually('all are logged', () => log.said('a listener failed').length === 8)
  off()
  off()
})
