import { describe, expect, onTestFinished, test } from 'vitest'
import { faults, startProxy } from './proxy.ts'
import { deadHolder, noBeats, rejection, testMachines } from './work-setup.ts'

const because = { reason: 'a test' }

describe('lists', () => {
  test('come in pages that together are the whole, whatever the size of a page', async () => {
    const { connection, database } = await testMachines(0)
    // Times that differ by less than a millisecond.
    await database.sql(
      `INSERT INTO machines (machine_created_at)
       SELECT timestamptz '2026-01-01 00:00:00Z' + n * interval '1 microsecond' FROM generate_series(1, 25) AS n`,
    )
    const whole = (await connection.fleet.machines()).rows.map((row) => row.id)
    expect(whole).toHaveLength(25)
    for (const limit of [1, 7, 25]) {
      const seen: string[] = []
      let after: string | undefined
      do {
        const page = await connection.fleet.machines({ limit, after })
        expect(page.rows.length).toBeLessThanOrEqual(limit)
        seen.push(...page.rows.map((row) => row.id))
        after = page.next ?? undefined
      } while (after !== undefined)
      expect(seen).toEqual(whole)
    }
  })

  test('of machines are filtered by life, lock-out, failure domain and id', async () => {
    const { connection, machineIds } = await testMachines(4)
    const [retired, lockedOut, inRack, held] = machineIds as [string, string, string, string]
    const ann = connection.operator('ann')
    await ann.retire(retired, because)
    await ann.lockOut(lockedOut, because)
    await ann.setFailureDomain(inRack, 'rack', 'a', because)
    const session = await connection.startSession(noBeats)
    await session.startWork('P', [held])
    const ids = async (filter: Parameters<typeof connection.fleet.machines>[0]): Promise<string[]> =>
      (await connection.fleet.machines(filter)).rows.map((row) => row.id)
    expect(await ids({ retired: true })).toEqual([retired])
    expect(await ids({ retired: false, lockedOut: false })).toEqual([inRack, held])
    expect(await ids({ failureDomain: { kind: 'rack', domain: 'a' } })).toEqual([inRack])
    expect(await ids({ failureDomain: { kind: 'rack', domain: 'b' } })).toEqual([])
    expect(await ids({ idPrefix: held.slice(0, 13).toUpperCase() })).toEqual([held])
    expect(await ids({ idPrefix: '%' })).toEqual([])
    const rows = (await connection.fleet.machines()).rows
    expect(rows.map((row) => [row.lockOut?.by, row.failureDomains, row.held])).toEqual([
      [undefined, {}, []],
      ['ann', {}, []],
      [undefined, { rack: 'a' }, []],
      [undefined, {}, ['P']],
    ])
  })

  test('of sessions and of work tell the living from the dead', async () => {
    const { connection, database, machineIds } = await testMachines(2)
    const dead = await deadHolder(database, connection, [machineIds[0]!])
    const session = await connection.startSession(noBeats)
    await session.startWork('Q', [machineIds[1]!])
    const sessions = await connection.fleet.sessions()
    expect(sessions.rows.map((row) => [row.id, row.alive, row.held, row.component])).toEqual([
      [dead.id, false, 1, 'test'],
      [session.id, true, 1, 'test'],
    ])
    expect((await connection.fleet.sessions({ alive: false })).rows).toMatchObject([{ id: dead.id }])
    expect((await connection.fleet.sessions({ component: 'other' })).rows).toEqual([])
    expect((await connection.fleet.work({ process: 'Q' })).rows).toMatchObject([{ alive: true, sessionId: session.id }])
    expect((await connection.fleet.work({ sessionId: dead.id })).rows).toMatchObject([{ alive: false, process: 'P' }])
    expect((await connection.fleet.work({ machineId: machineIds[0] })).rows).toHaveLength(1)
  })

  test.each([
    'x',
    '',
    Buffer.from('[1]').toString('base64url'),
    Buffer.from('["a"]').toString('base64url'),
    Buffer.from('["2026-02-30 00:00:00+00", "99999999-9999-4999-8999-999999999999"]').toString('base64url'),
    Buffer.from('["2026-01-01 00:00:00+99", "99999999-9999-4999-8999-999999999999"]').toString('base64url'),
    Buffer.from('["x", "99999999-9999-4999-8999-999999999999"]').toString('base64url'),
  ])('refuse a cursor of something else: %s', async (after) => {
    const { connection } = await testMachines(0)
    expect(await rejection(connection.fleet.machines({ after }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })
})

test('a filter is a value, and never a part of the statement', async () => {
  const { connection } = await testMachines(0)
  await connection.startSession(noBeats)
  const injected = 'false OR true' as unknown as boolean
  expect((await connection.fleet.sessions({ alive: injected })).rows).toHaveLength(1)
  expect((await connection.fleet.sessions({ alive: '' as unknown as boolean })).rows).toEqual([])
})

test('a reading whose answer never comes says that its time is over, and not that anything may have been written', async () => {
  const { database } = await testMachines(0)
  const { proxy, url } = await startProxy(database.url)
  const connection = await database.open({ databaseUrl: url })
  await connection.fleet.machines()
  onTestFinished(() => proxy.heal())
  const silent = proxy.next(/FROM machines AS m/, faults['no answer'])
  const error = await rejection(connection.fleet.machines({ timeoutMs: 300 }))
  await silent
  expect(error).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT' })
})

describe('an explanation', () => {
  test('names every condition and the fact behind it, and agrees with what can be claimed', async () => {
    const { connection, machineIds } = await testMachines(1)
    const [id] = machineIds as [string]
    const explained = async (): Promise<Record<string, [boolean | null, string]>> => {
      const { conditions } = await connection.explain(id, 'P')
      return Object.fromEntries(conditions.map(({ condition, holds, fact }) => [condition, [holds, fact]]))
    }
    expect(await connection.explain(id, 'P')).toMatchObject({ eligible: true })
    await connection.declareProcess({
      process: 'P',
      conflictsWith: ['Q'],
      failureDomains: { rack: 1 },
      where: { hardwareReport: null, bmc: { isNot: null } },
    })
    expect(await explained()).toMatchObject({
      'needed: {"hardwareReport":null}': [true, 'it is so'],
      'needed: {"bmc":{"isNot":null}}': [false, 'it is not so'],
      'room in failure domains': [true, 'no limit of a failure domain applies'],
    })
    await connection.prisma.bmc.create({ data: { machineId: id, address: 'bmc' } })
    await connection.operator('ann').setFailureDomain(id, 'rack', 'a', because)
    expect(await connection.explain(id, 'P')).toMatchObject({ eligible: true })
    const session = await connection.startSession(noBeats)
    await (await session.startWork('P', [id]))!.fail('no power', { initialSeconds: 60 })
    await session.startWork('Q', [id])
    await connection.operator('ann').pause('P', { reason: 'upgrade' })
    const now = await explained()
    expect(now['not in backoff']).toEqual([
      false,
      expect.stringContaining('1 failure since the last success; the last cause: no power'),
    ])
    expect(now['no conflict']).toEqual([false, expect.stringContaining('Q is held by test')])
    expect(now['not paused']).toEqual([false, expect.stringContaining('paused by ann')])
    expect(now['not held']).toEqual([true, 'nobody holds it'])
    expect(await connection.explain(id, 'P')).toMatchObject({ eligible: false })
  })

  test('of a condition on tables of somebody else says that it cannot be judged here', async () => {
    const { connection, machineIds } = await testMachines(1)
    await connection.declareProcess({ process: 'P', where: { powerFeed: { is: { watts: 1 } } } })
    const { eligible, conditions } = await connection.explain(machineIds[0]!, 'P')
    expect(eligible).toBeNull()
    expect(conditions.at(-1)).toMatchObject({ holds: null })
    await connection.declareProcess({ process: 'P', sql: 'EXISTS (SELECT 1 FROM power_feeds)' })
    expect(await connection.explain(machineIds[0]!, 'P')).toMatchObject({ eligible: null })
    expect(await connection.fleet.counts('P')).toMatchObject({ eligible: null })
  })

  test('of an unknown machine says that there is none', async () => {
    const { connection } = await testMachines(0)
    expect(await connection.explain(crypto.randomUUID(), 'P')).toMatchObject({
      eligible: false,
      conditions: [{ condition: 'known', holds: false }],
    })
  })
})

describe('the counts of a process', () => {
  test.each([
    ['a Prisma where', { where: { hardwareReport: null } }],
    ['SQL', { sql: 'NOT EXISTS (SELECT 1 FROM machine_hardware_report AS r WHERE r.machine_id = m.machine_id)' }],
  ])('by %s agree with what is claimable', async (_name, needed) => {
    const { connection, machineIds } = await testMachines(7)
    const [held, failed, parked, lockedOut, retired, reported, free] = machineIds
    await connection.declareProcess({ process: 'P', ...needed })
    const session = await connection.startSession(noBeats)
    const ann = connection.operator('ann')
    await session.startWork('P', [held!])
    await (await session.startWork('P', [failed!]))!.fail('no', { initialSeconds: 60 })
    await ann.park(parked!, 'P', because)
    await ann.lockOut(lockedOut!, because)
    await ann.retire(retired!, because)
    await connection.prisma.hardwareReport.create({ data: { machineId: reported!, report: {} } })
    const { createdAt } = await connection.prisma.machine.findUniqueOrThrow({ where: { id: free! } })
    expect(await connection.fleet.counts('P')).toEqual({
      eligible: 1,
      held: 1,
      backoff: 1,
      parked: 1,
      lockedOut: 1,
      waitingSince: createdAt,
    })
    await ann.pause('P', because)
    expect(await connection.fleet.counts('P')).toMatchObject({ eligible: 0, waitingSince: null })
  })
})

describe('the audit', () => {
  test('finds nothing in what BMDB wrote', async () => {
    const { connection, database, machineIds } = await testMachines(3)
    const session = await connection.startSession(noBeats)
    for (const end of ['finish', 'cancel'] as const) await (await session.startWork('P', machineIds))![end]()
    await (await session.startWork('P', [machineIds[0]!]))!.fail('no')
    await deadHolder(database, connection, [machineIds[1]!])
    await session.startWork('P', [machineIds[1]!])
    const { rows, findings } = await connection.fleet.audit()
    expect(findings).toEqual([])
    expect(rows).toBeGreaterThan(8)
  })

  test.each([
    ['an end without a start', `DELETE FROM work_history WHERE event = 'Started' AND work_token = 2`],
    [
      'a start that did not end before the next one',
      `DELETE FROM work_history WHERE event = 'Finished' AND work_token = 1`,
    ],
    [
      'a start that did not end before the next one',
      `UPDATE work_history SET "timestamp" = now() + interval '1 hour' WHERE event = 'Finished' AND work_token = 1`,
    ],
    [
      'a start after one with a greater token',
      `UPDATE work_history SET "timestamp" = "timestamp" + interval '1 hour' WHERE work_token = 1`,
    ],
    [
      'an end before its start',
      `UPDATE work_history SET "timestamp" = "timestamp" - interval '1 hour' WHERE event = 'Finished' AND work_token = 1`,
    ],
    [
      'an end by another session than its start',
      `UPDATE work_history SET session_id = gen_random_uuid() WHERE event = 'Finished' AND work_token = 1`,
    ],
    [
      'two starts under one token',
      `INSERT INTO work_history SELECT gen_random_uuid(), machine_id, process, event, "timestamp", session_id, component_name, work_token
       FROM work_history WHERE event = 'Started' AND work_token = 2`,
    ],
    [
      'two ends under one token',
      `INSERT INTO work_history SELECT gen_random_uuid(), machine_id, process, event, "timestamp", session_id, component_name, work_token
       FROM work_history WHERE event = 'Finished' AND work_token = 1`,
    ],
  ])('finds %s', async (problem, sabotage) => {
    const { connection, database, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    for (let n = 0; n < 2; n++) await (await session.startWork('P', machineIds))!.finish()
    await database.sql(sabotage)
    const { findings } = await connection.fleet.audit()
    expect(findings.map((finding) => finding.problem)).toEqual([problem])
    expect(findings[0]).toMatchObject({ machineId: machineIds[0], process: 'P' })
  })
})
