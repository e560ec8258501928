import { startWireProxy } from '@bmdb/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Operator } from '../src/index.ts'
import { faults, startProxy } from './proxy.ts'
import { deadHolder, noBeats, plainClient, rejection, testMachines, untilWaiting } from './work-setup.ts'

const because = { reason: 'a test' }
const unknown = '99999999-9999-4999-8999-999999999999'

type Verb = (operator: Operator, machineId: string) => Promise<unknown>

/** Everything that an operator can do to one machine. */
const verbs: Record<string, Verb> = {
  retire: (operator, id) => operator.retire(id, because),
  'return to service': (operator, id) => operator.returnToService(id, because),
  'delete machine': (operator, id) => operator.deleteMachine(id, because),
  'set failure domain': (operator, id) => operator.setFailureDomain(id, 'rack', 'a', because),
  'lock out': (operator, id) => operator.lockOut(id, { ...because, seconds: 60 }),
  'end lock-out': (operator, id) => operator.endLockOut(id, because),
  park: (operator, id) => operator.park(id, 'P', because),
  unpark: (operator, id) => operator.unpark(id, 'P', because),
  'set backoff': (operator, id) => operator.setBackoff(id, 'P', 60, because),
  'clear backoff': (operator, id) => operator.clearBackoff(id, 'P', because),
  release: (operator, id) => operator.release(id, 'P', because),
}

async function written(database: Awaited<ReturnType<typeof testMachines>>['database']): Promise<number> {
  const [row] = await database.sql<{ n: number }>(
    `SELECT ((SELECT count(*) FROM operator_history) + (SELECT count(*) FROM work_backoff) + (SELECT count(*) FROM processes)
      + (SELECT count(*) FROM machines WHERE machine_retired_at IS NOT NULL OR machine_locked_out_at IS NOT NULL)
      + (SELECT count(*) FROM machine_failure_domains) + (SELECT count(*) FROM work_releases))::int4 AS n`,
  )
  return row!.n
}

describe('what an operator does', () => {
  test.each(Object.entries(verbs))('%s of an unknown machine says so, and writes nothing', async (_name, verb) => {
    const { connection, database } = await testMachines(1)
    const error = await rejection(verb(connection.operator('ann'), unknown))
    expect(error).toMatchObject({ code: 'ERR_MACHINE_NOT_FOUND', machineId: unknown })
    expect(await written(database)).toBe(0)
  })

  test.each(Object.entries(verbs))(
    '%s without a reason, or of no UUID, is refused and writes nothing',
    async (_name, verb) => {
      const { connection, database, machineIds } = await testMachines(1)
      const ann = connection.operator('ann')
      expect(await rejection(verb(ann, 'x'))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
      for (const reason of ['', 'x'.repeat(501), undefined]) {
        const error = await rejection(ann.park(machineIds[0]!, 'P', { reason: reason as string }))
        expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
        expect(error.message).toContain('reason')
      }
      expect(await written(database)).toBe(0)
    },
  )

  test('is in the history with who and why, once for each that changed something', async () => {
    const { connection, machineIds } = await testMachines(1)
    const [id] = machineIds as [string]
    const ann = connection.operator('ann')
    expect(await ann.lockOut(id, { reason: 'new disks', until: new Date(Date.now() + 60_000) })).toBe(true)
    expect(await ann.endLockOut(id, { reason: 'done' })).toBe(true)
    expect(await ann.endLockOut(id, { reason: 'again' })).toBe(false)
    expect(await ann.setBackoff(id, 'P', 60, because)).toBe(true)
    expect(await ann.clearBackoff(id, 'P', because)).toBe(true)
    expect(await ann.pause('P', because)).toBe(true)
    expect(await ann.pause('P', because)).toBe(false)
    const { rows } = await connection.fleet.operatorHistory()
    expect(rows.map((row) => [row.operator, row.action, row.reason, row.machineId, row.process])).toEqual([
      ['ann', 'pause', 'a test', null, 'P'],
      ['ann', 'clear backoff', 'a test', id, 'P'],
      ['ann', 'set backoff', 'a test', id, 'P'],
      ['ann', 'end lock-out', 'done', id, null],
      ['ann', 'lock out', 'new disks', id, null],
    ])
    expect((await connection.fleet.operatorHistory({ machineId: id })).rows).toHaveLength(4)
  })

  test('is done once, where its answer is lost', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const proxy = await startWireProxy(database.url)
    onTestFinished(() => proxy.close())
    const behind = await database.open({ databaseUrl: proxy.url })
    await behind.operator('ann').park(machineIds[0]!, 'P', because)
    const lost = proxy.next('bmdb_operator_unpark', faults['cut after'])
    expect(await behind.operator('ann').unpark(machineIds[0]!, 'P', because)).toBe(true)
    await lost
    const { rows } = await connection.fleet.operatorHistory()
    expect(rows.map((row) => row.action)).toEqual(['unpark', 'park'])
  })

  test('is told as done where a try that was given up did it while the next one waited behind it', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const { proxy, url } = await startProxy(database.url)
    const behind = await database.open({ databaseUrl: url })
    await behind.fleet.machines()
    // Longer than the next try takes to be there, shorter than the server takes to see that its client is gone.
    await database.sql(
      `CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END $$`,
    )
    await database.sql('CREATE TRIGGER slowly BEFORE UPDATE ON machines FOR EACH ROW EXECUTE FUNCTION slowly()')
    const lost = proxy.next(/^COMMIT$/, faults['cut between'])
    const retiring = behind.operator('ann').retire(machineIds[0]!, because)
    await lost
    expect(await retiring).toBe(true)
    const { rows } = await connection.fleet.operatorHistory()
    expect(rows.map((row) => row.action)).toEqual(['retire'])
  })

  test('lets claims pass while it waits for one that is stuck', async () => {
    const { connection, database, machineIds } = await testMachines(2)
    const [stuck, free] = machineIds as [string, string]
    const session = await connection.startSession(noBeats)
    const blocker = await plainClient(database)
    await blocker.query('BEGIN')
    await blocker.query('SELECT 1 FROM machines WHERE machine_id = $1 FOR UPDATE', [stuck])
    const claiming = session.startWork('P', [stuck])
    await untilWaiting(database, 1)
    const pausing = connection.operator('ann').pause('R', because)
    await untilWaiting(database, 2)
    // Each waits for the act's turn at the most, and not for the stuck claim.
    for (let n = 0; n < 3; n++) await (await session.startWork('Q', [free], { timeoutMs: 5_000 }))!.finish()
    await blocker.query('COMMIT')
    await claiming
    expect(await pausing).toBe(true)
  })

  test('waits for a claim no longer than its limit', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const blocker = await plainClient(database)
    await blocker.query('BEGIN')
    await blocker.query('LOCK TABLE work_tokens IN ROW EXCLUSIVE MODE')
    const parking = connection.operator('ann').park(machineIds[0]!, 'P', { ...because, timeoutMs: 1_500 })
    await untilWaiting(database)
    const e = await rejection(parking)
    expect(e).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT' })
    await blocker.query('ROLLBACK')
    expect(await written(database)).toBe(0)
  })
})

describe('the life of a machine', () => {
  test('it is registered, with an id of ones own or a new one; twice changes nothing', async () => {
    const { connection } = await testMachines(0)
    const ann = connection.operator('ann')
    expect(await ann.addMachine({ ...because, id: unknown })).toBe(unknown)
    expect(await ann.addMachine({ ...because, id: unknown })).toBe(unknown)
    const other = await ann.addMachine(because)
    expect((await connection.fleet.machines()).rows.map((row) => row.id)).toEqual([unknown, other])
    expect((await connection.fleet.operatorHistory()).rows).toHaveLength(2)
  })

  test.each(['retire', 'deleteMachine'] as const)('%s is refused while it is held, by whom is said', async (verb) => {
    const { connection, machineIds } = await testMachines(1)
    const [id] = machineIds as [string]
    const session = await connection.startSession(noBeats)
    const work = (await session.startWork('P', [id]))!
    const error = await rejection(connection.operator('ann')[verb](id, because))
    expect(error).toMatchObject({ code: 'ERR_WORK_CONFLICT', component: 'test', session: session.id })
    expect(error.message).toContain(`machine ${id} is held for P by test`)
    await work.finish()
    expect(await connection.operator('ann')[verb](id, because)).toBe(true)
    expect(await session.startWork('P', [id])).toBeNull()
  })

  test('retiring waits for a claim that is under way, and is refused by it', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    const blocker = await plainClient(database)
    await blocker.query('BEGIN')
    await blocker.query('SELECT 1 FROM sessions WHERE session_id = $1 FOR UPDATE', [session.id])
    const claiming = session.startWork('P', machineIds)
    await untilWaiting(database, 1)
    const retiring = rejection(connection.operator('ann').retire(machineIds[0]!, because))
    await untilWaiting(database, 2)
    await blocker.query('COMMIT')
    expect(await claiming).not.toBeNull()
    expect(await retiring).toMatchObject({ code: 'ERR_WORK_CONFLICT', session: session.id })
  })

  test('a machine whose holder is dead can be deleted; its history and its tokens stay', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const [id] = machineIds as [string]
    await deadHolder(database, connection, [id])
    expect(await connection.operator('ann').deleteMachine(id, because)).toBe(true)
    expect((await connection.history(id)).map((row) => row.event)).toEqual(['Expired', 'Started'])
    await connection.operator('ann').addMachine({ ...because, id })
    const session = await connection.startSession(noBeats)
    expect(await session.startWork('P', [id])).toMatchObject({ token: 2n })
  })
})
