import type { MachineFilter } from '../src/index.ts'
import { describe, expect, test } from 'vitest'
import { deadHolder, noBeats, testMachines } from './work-setup.ts'

const because = { reason: 'a test' }

describe('machines', () => {
  test('are found by the beginning of their id, by a part of their BMC’s address, and by what is known of them', async () => {
    const { connection, database, machineIds } = await testMachines(3)
    const [one, other, bare] = machineIds as [string, string, string]
    await database.sql(`INSERT INTO machine_bmc VALUES ('${one}', 'https://10.1.2.3'), ('${other}', 'https://BMC-7_x')`)
    await database.sql(`INSERT INTO machine_hardware_report VALUES ('${other}', '{}')`)
    await database.sql('CREATE TABLE machine_asset_tag (machine_id UUID PRIMARY KEY, tag TEXT)')
    await database.sql(`INSERT INTO machine_asset_tag VALUES ('${bare}', 'A7')`)
    const ids = async (filter: MachineFilter): Promise<string[]> =>
      (await connection.fleet.machines(filter)).rows.map((row) => row.id)
    expect(await ids({ search: one.slice(0, 9).toUpperCase() })).toEqual([one])
    expect(await ids({ search: one.slice(0, 8).toUpperCase() })).toEqual([one])
    expect(await ids({ search: one })).toEqual([one])
    expect(await ids({ search: '1.2.' })).toEqual([one])
    expect(await ids({ search: 'bmc-7' })).toEqual([other])
    expect(await ids({ search: '7_x' })).toEqual([other])
    expect(await ids({ search: '_' })).toEqual([other])
    expect(await ids({ fact: 'bmc' })).toEqual([one, other])
    expect(await ids({ fact: 'bmc', withoutFact: 'hardware_report' })).toEqual([one])
    expect(await ids({ fact: 'asset_tag' })).toEqual([bare])
    await expect(ids({ fact: 'failure_domains' })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    await expect(ids({ fact: 'bmc" --' })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect((await connection.fleet.machines()).rows.map((row) => row.facts)).toEqual([
      ['bmc'],
      ['bmc', 'hardware_report'],
      ['asset_tag'],
    ])
    expect(await connection.fleet.machine(bare)).toMatchObject({
      machine: { id: bare, facts: ['asset_tag'] },
      facts: { asset_tag: { tag: 'A7' } },
    })
    expect(Object.keys((await connection.fleet.machine(bare)).facts)).toEqual(['asset_tag'])
    const nobody = '99999999-9999-4999-8999-999999999999'
    await expect(connection.fleet.machine(nobody)).rejects.toMatchObject({ code: 'ERR_MACHINE_NOT_FOUND' })
    expect((await connection.fleet.machineFilters()).facts).toEqual(['asset_tag', 'bmc', 'hardware_report'])
  })

  test('are found by how they stand for a process', async () => {
    const { connection, machineIds } = await testMachines(4)
    const [held, failed, parked] = machineIds as [string, string, string]
    const session = await connection.startSession(noBeats)
    await session.startWork('P', [held])
    await (await session.startWork('P', [failed]))!.fail('no answer', { initialSeconds: 600 })
    await connection.operator('ann').park(parked, 'P', because)
    const ids = async (state: 'held' | 'backoff' | 'parked', process = 'P'): Promise<string[]> =>
      (await connection.fleet.machines({ state, process })).rows.map((row) => row.id)
    expect(await ids('held')).toEqual([held])
    expect(await ids('backoff')).toEqual([failed])
    expect(await ids('parked')).toEqual([parked])
    expect(await ids('held', 'Q')).toEqual([])
    await expect(connection.fleet.machines({ state: 'held' })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(await connection.fleet.machineCounts()).toEqual({ inService: 4, retired: 0, lockedOut: 0 })
  })

  test('that hardly any condition finds are looked for in steps, and all of them are found', async () => {
    const { connection, database } = await testMachines(0)
    await database.sql(
      `INSERT INTO machines (machine_created_at, machine_retired_at)
       SELECT now() - interval '1 day' + n * interval '1 s', CASE WHEN n IN (7000, 7001) THEN now() END
       FROM generate_series(1, 12500) AS n`,
    )
    const pages: number[] = []
    let after: string | undefined
    do {
      const page = await connection.fleet.machines({ retired: true, limit: 1, after })
      pages.push(page.rows.length)
      after = page.next ?? undefined
    } while (after !== undefined)
    expect(pages).toEqual([0, 1, 1, 0])
  })

  test('of a failure domain are told with the domains that there are', async () => {
    const { connection, machineIds } = await testMachines(3)
    const ann = connection.operator('ann')
    await ann.setFailureDomain(machineIds[0]!, 'rack', 'r2', because)
    await ann.setFailureDomain(machineIds[1]!, 'rack', 'r1', because)
    await ann.setFailureDomain(machineIds[2]!, 'rack', 'r1', because)
    await ann.setFailureDomain(machineIds[2]!, 'site', 'north', because)
    expect((await connection.fleet.machineFilters()).failureDomains).toEqual([
      { kind: 'rack', domains: ['r1', 'r2'] },
      { kind: 'site', domains: ['north'] },
    ])
  })
})

describe('sessions that are over', () => {
  test('are told with how they ended, the last one first', async () => {
    const { connection, database, machineIds } = await testMachines(2)
    const closed = await connection.startSession({ intervalSeconds: 7 })
    await closed.close()
    const swept = await deadHolder(database, connection, [machineIds[0]!])
    await connection.sweep()
    const taken = await deadHolder(database, connection, [machineIds[1]!])
    const holder = await connection.startSession(noBeats)
    await holder.startWork('P', [machineIds[1]!])
    await connection.operator('ann').endSession(holder.id, { reason: 'it hangs' })
    const ended = (await connection.fleet.endedSessions()).rows
    expect(ended.map((row) => [row.id, row.how])).toEqual([
      [holder.id, 'ended by an operator'],
      [taken.id, 'expired'],
      [swept.id, 'expired'],
      [closed.id, 'closed'],
    ])
    expect(ended[0]!.reason).toContain('it hangs')
    expect(ended[3]).toMatchObject({ component: 'test', intervalSeconds: 7 })
    expect((await connection.fleet.endedSessions({ id: closed.id })).rows).toHaveLength(1)
    expect((await connection.fleet.sessions()).rows).toEqual([])
    expect(await connection.fleet.sessionCounts()).toEqual({ alive: 0, expired: 0 })
  })
})

describe('work and backoffs', () => {
  test('come in the order that is asked for', async () => {
    const { connection, machineIds } = await testMachines(3)
    const session = await connection.startSession(noBeats)
    for (const id of machineIds) await session.startWork('P', [id])
    const order = async (by: 'machine' | 'oldest' | 'newest'): Promise<string[]> =>
      (await connection.fleet.work({ order: by, limit: 2 })).rows.map((row) => row.machineId)
    expect(await order('oldest')).toEqual(machineIds.slice(0, 2))
    expect(await order('newest')).toEqual([...machineIds].reverse().slice(0, 2))
    expect(await order('machine')).toEqual([...machineIds].sort().slice(0, 2))
    const ann = connection.operator('ann')
    await ann.setBackoff(machineIds[0]!, 'Q', 600, because)
    await ann.setBackoff(machineIds[1]!, 'Q', 300, because)
    await ann.park(machineIds[2]!, 'Q', because)
    await ann.park(machineIds[0]!, 'R', because)
    const backoffs = async (by: 'until' | 'parked'): Promise<string[]> =>
      (await connection.fleet.backoffs({ order: by })).rows.map((row) => `${row.machineId} ${row.process}`)
    expect(await backoffs('until')).toEqual([`${machineIds[1]} Q`, `${machineIds[0]} Q`])
    expect(await backoffs('parked')).toEqual([`${machineIds[0]} R`, `${machineIds[2]} Q`])
    await expect(connection.fleet.work({ order: 'constructor' as never })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    })
  })

  test('of a time before are told from what began since', async () => {
    const { connection, machineIds } = await testMachines(2)
    const first = await connection.startSession(noBeats)
    await first.startWork('P', [machineIds[0]!])
    const { now: startedBy } = await connection.fleet.pulse()
    const second = await connection.startSession(noBeats)
    await second.startWork('P', [machineIds[1]!])
    expect((await connection.fleet.sessions({ startedBy })).rows.map(({ id }) => id)).toEqual([first.id])
    expect((await connection.fleet.work({ startedBy })).rows.map(({ sessionId }) => sessionId)).toEqual([first.id])
    expect((await connection.fleet.work({ stuck: false })).rows).toHaveLength(2)
    expect((await connection.fleet.work({ stuck: true })).rows).toEqual([])
  })

  test('are released only under the token that was looked at, where one is given', async () => {
    const { connection, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    const work = (await session.startWork('P', machineIds))!
    const ann = connection.operator('ann')
    const options = { reason: 'a test', graceSeconds: 0 }
    const other = await ann.release(machineIds[0]!, 'P', { ...options, token: work.token + 1n })
    expect(other).toEqual({ outcome: 'not held' })
    expect((await connection.fleet.operatorHistory()).rows).toEqual([])
    const own = await ann.release(machineIds[0]!, 'P', { ...options, token: String(work.token) })
    expect(own.outcome).toBe('forced')
    await expect(ann.release(machineIds[0]!, 'P', { ...options, token: 'x' })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    })
  })
})

describe('the whole history', () => {
  test('has what happened to work and what operators did in one list, newest first, in pages', async () => {
    const { connection, machineIds } = await testMachines(2)
    const [one, other] = machineIds as [string, string]
    const session = await connection.startSession(noBeats)
    await (await session.startWork('P', [one]))!.finish()
    await connection.operator('ann').lockOut(one, { reason: 'new fans' })
    await (await session.startWork('P', [other]))!.fail('no answer from its BMC')
    const told = async (filter: Parameters<typeof connection.fleet.history>[0]): Promise<string[]> =>
      (await connection.fleet.history(filter)).rows.map((row) => (row.kind === 'work' ? row.event : row.action))
    const whole = ['Failed', 'Started', 'lock out', 'Finished', 'Started']
    expect(await told({})).toEqual(whole)
    expect(await told({ machineId: one })).toEqual(whole.slice(2))
    expect(await told({ kind: 'operator' })).toEqual(['lock out'])
    expect(await told({ kind: 'work', process: 'P', sessionId: session.id })).toEqual([
      ...whole.slice(0, 2),
      ...whole.slice(3),
    ])
    expect(await told({ event: 'Started' })).toEqual(['Started', 'Started'])
    expect(await told({ search: 'BMC' })).toEqual(['Failed'])
    expect(await told({ search: 'FANS' })).toEqual(['lock out'])
    expect(await told({ search: '%' })).toEqual([])
    const all = (await connection.fleet.history()).rows
    const middle = all[2]!.timestamp
    expect(await told({ to: middle })).toEqual(whole.slice(3))
    expect(await told({ from: middle })).toEqual(whole.slice(0, 3))
    const paged: unknown[] = []
    let after: string | undefined
    do {
      const page = await connection.fleet.history({ limit: 2, after })
      paged.push(...page.rows)
      after = page.next ?? undefined
    } while (after !== undefined)
    expect(paged).toEqual(all)
    expect(JSON.parse(JSON.stringify(all[0]))).toMatchObject({
      kind: 'work',
      token: '1',
      cause: 'no answer from its BMC',
    })
  })

  test('is counted over time, in stretches without gaps', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    await (await session.startWork('P', machineIds))!.finish()
    await (await session.startWork('Q', machineIds))!.fail('no answer')
    await (await session.startWork('Q', machineIds, { ignoreBackoff: true }))!.cancel()
    await database.sql(`UPDATE work_history SET "timestamp" = now() - interval '30 minutes' WHERE process = 'P'`)
    const { buckets, bucketSeconds } = await connection.fleet.throughput({ hours: 1 })
    expect([buckets.length, bucketSeconds]).toEqual([60, 60])
    const sums = buckets.reduce(
      (sum, { started, finished, failed, other }) => [
        sum[0]! + started,
        sum[1]! + finished,
        sum[2]! + failed,
        sum[3]! + other,
      ],
      [0, 0, 0, 0],
    )
    expect(sums).toEqual([3, 1, 1, 1])
    const steps = buckets.slice(1).map((bucket, index) => bucket.from.getTime() - buckets[index]!.from.getTime())
    expect(new Set(steps)).toEqual(new Set([60_000]))
    expect(buckets.findIndex((bucket) => bucket.finished === 1)).toBeGreaterThanOrEqual(28)
    expect(buckets.findIndex((bucket) => bucket.finished === 1)).toBeLessThanOrEqual(30)
    const ofQ = await connection.fleet.throughput({ hours: 1, process: 'Q' })
    expect(ofQ.buckets.some((bucket) => bucket.finished > 0)).toBe(false)
  })

  test('shows by its pulse whether anything happened', async () => {
    const { connection, machineIds } = await testMachines(1)
    const versions = new Set<string>()
    const look = async (): Promise<number> => versions.add((await connection.fleet.pulse()).version).size
    expect(await look()).toBe(1)
    expect(await look()).toBe(1)
    const session = await connection.startSession(noBeats)
    expect(await look()).toBe(2)
    const work = (await session.startWork('P', machineIds))!
    expect(await look()).toBe(3)
    await work.finish()
    expect(await look()).toBe(4)
    await connection.operator('ann').pause('P', because)
    expect(await look()).toBe(5)
    await session.close()
    expect(await look()).toBe(6)
  })
})
