import { describe, expect, test } from 'vitest'
import { count, failInserts, forgetOutcomes } from './helpers.ts'
import { events, eventually, gate, machinesBehindProxy, rejection } from './work-setup.ts'
import { faults } from './proxy.ts'

const onlyOne = { poolSize: 1 }

async function holdingOne(config: { poolSize?: number } = {}) {
  const made = await machinesBehindProxy(1, config)
  const work = (await made.session.startWork('P', made.machineIds))!
  const history = () => events(made.connection, work.machineId)
  const finish = (doing: () => Promise<void> = () => Promise.resolve()) =>
    work.finish(async (tx) => {
      await tx.hardwareReport.create({ data: { machineId: work.machineId, report: {} } })
      await doing()
    })
  return { ...made, work, history, finish }
}

describe('with a single connection', () => {
  test.each(['transact', 'finish'] as const)('promise 2: %s of lost work says that it was lost', async (what) => {
    const { database, work, session } = await holdingOne(onlyOne)
    await database.sql('DELETE FROM work')
    const error = await rejection(work[what](() => Promise.resolve()))
    expect(error).toMatchObject({ code: 'ERR_WORK_LOST', reason: 'deleted' })
    expect(session.expired).toBe(false)
  })

  test('promise 5: what became of a COMMIT is found out while another call has the connection', async () => {
    const { database, proxy, session, finish, history } = await holdingOne(onlyOne)
    const resolved = gate()
    const faulted = proxy.next(/^COMMIT$/, faults['cut after'])
    const finishing = finish()
    const other = session.transact(() => resolved.opened)
    await faulted
    await finishing
    resolved.open()
    await other
    expect(await history()).toEqual(['Started', 'Finished'])
    expect(await count(database, 'machine_hardware_report')).toBe(1)
  })
})

test('promise 5: an earlier COMMIT without an answer stays unknown when the next attempt is refused at its start', async () => {
  const { database, proxy, work, finish } = await holdingOne()
  await forgetOutcomes(database)
  proxy.cut()
  void proxy.next(/^COMMIT$/, faults['cut after'])
  const refusing = { sqlState: '42501', message: 'permission denied' }
  const done = finish(() => {
    void proxy.next('bmdb_finish_guard', { do: 'answer', when: 'instead', with: refusing })
    return Promise.resolve()
  })
  expect(await rejection(done)).toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN' })
  expect(await count(database, 'machine_hardware_report')).toBe(1)
  expect(work.ended).toBe(false)
})

test('promise 7: where BEGIN is refused, finish with a function writes nothing', async () => {
  const { database, proxy, work, finish, history } = await holdingOne()
  const refused = proxy.next(/^BEGIN/, {
    do: 'answer',
    when: 'instead',
    with: { sqlState: '42501', message: 'no transactions today' },
  })
  expect(await rejection(finish())).toMatchObject({
    message: expect.stringContaining('no transactions today') as string,
  })
  await refused
  expect(await history()).toEqual(['Started'])
  expect(await count(database, 'work')).toBe(1)
  await finish()
  expect(work.ended).toBe(true)
  expect(await history()).toEqual(['Started', 'Finished'])
})

test('promise 3: the signal aborts when the session ends while a finish is under way, which reports the truth', async () => {
  const { database, session, work, finish, history } = await holdingOne()
  await failInserts(database, { table: 'machine_hardware_report', doing: 'PERFORM pg_sleep(0.5);' })
  const finishing = finish()
  await eventually('COMMIT is under way', async () => {
    const rows = await database.sql(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'`,
    )
    return rows.length > 0
  })
  const closed = session.close()
  expect(work.signal.aborted).toBe(true)
  expect(work.signal.reason).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'closed' })
  expect(work.ended).toBe(false)
  await closed
  // It is part of what the session waits for before its row is deleted.
  expect(work.ended).toBe(true)
  await finishing
  expect(await history()).toEqual(['Started', 'Finished'])
})

test('a statement that failed before ROLLBACK TO SAVEPOINT is not what a later failure is reported as', async () => {
  const { session } = await holdingOne()
  const error = await rejection(
    session.transact(async (tx) => {
      await tx.$executeRawUnsafe('SAVEPOINT a')
      await tx.$executeRawUnsafe('SELECT first_mistake()').catch(() => {})
      await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT a')
      await tx.$executeRawUnsafe('SELECT second_mistake()').catch(() => {})
    }),
  )
  expect(error.message).toContain('second_mistake')
})
