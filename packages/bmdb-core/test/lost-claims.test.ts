import { describe, expect, test } from 'vitest'
import { claimable } from '../src/index.ts'
import type { TestDatabase } from './setup.ts'
import { deadHolder, eventually, events, machinesBehindProxy, plainClient, untilWaiting } from './work-setup.ts'
import { faults } from './proxy.ts'

/** Each under a process of its own, so that all of them fit into one database. */
const cuts = [
  ['Before', 'cut before'],
  ['After', 'cut after'],
  ['Between', 'cut between'],
] as const

/** The machines that the session holds by the database's account. */
async function lockedBy(database: TestDatabase, session: { readonly id: string }, process = 'P'): Promise<string[]> {
  const rows = await database.sql<{ machine_id: string }>(
    'SELECT machine_id FROM work WHERE session_id = $1 AND process = $2 ORDER BY machine_id',
    session.id,
    process,
  )
  return rows.map((row) => row.machine_id)
}

/** How many starts the history has; each must be under a token of its own. */
async function starts(database: TestDatabase, process = 'P'): Promise<number> {
  const rows = await database.sql<{ start: string }>(
    `SELECT machine_id || ' ' || work_token AS start FROM work_history WHERE event = 'Started' AND process = $1`,
    process,
  )
  expect(new Set(rows.map((row) => row.start)).size).toBe(rows.length)
  return rows.length
}

describe('promise 5: a claim whose answer was lost is done once, and locks no more than was asked for', () => {
  test('startWork, of an array', async () => {
    const { database, proxy, session, machineIds } = await machinesBehindProxy(5)
    for (const [process, fault] of cuts) {
      const faulted = proxy.next('bmdb_claim_', faults[fault])
      const work = await session.startWork(process, machineIds)
      await faulted
      expect(work, fault).toMatchObject({ machineId: machineIds[0], token: 1n })
      expect(await lockedBy(database, session, process), fault).toEqual([machineIds[0]])
      expect(await starts(database, process), fault).toBe(1)
    }
  })

  test('startWork, of a function', async () => {
    const { database, proxy, session, machineIds } = await machinesBehindProxy(5)
    for (const [process, fault] of cuts) {
      const faulted = proxy.next('bmdb_claim_', faults[fault])
      const work = (await session.startWork(process, (tx) => claimable(tx, process, { limit: 5 })))!
      await faulted
      expect(machineIds, fault).toContain(work.machineId)
      expect(await lockedBy(database, session, process), fault).toEqual([work.machineId])
      expect(await starts(database, process), fault).toBe(1)
      await work.finish()
    }
  })

  test('startWorkMany', async () => {
    const { database, proxy, session, machineIds } = await machinesBehindProxy(5)
    for (const [process, fault] of cuts) {
      const faulted = proxy.next('bmdb_claim_', faults[fault])
      const works = await session.startWorkMany(process, machineIds, { limit: 2 })
      await faulted
      expect(
        works.map((work) => work.machineId),
        fault,
      ).toEqual(machineIds.slice(0, 2))
      expect(await lockedBy(database, session, process), fault).toEqual(machineIds.slice(0, 2).sort())
      expect(await starts(database, process), fault).toBe(2)
    }
  })

  test('session.work, which does not conflict with itself', async () => {
    const { connection, proxy, session, machineIds } = await machinesBehindProxy(1)
    let calls = 0
    for (const [process, fault] of cuts) {
      const faulted = proxy.next('bmdb_claim_', faults[fault])
      expect(await session.work(machineIds[0]!, process, (work) => ((calls += 1), work.token)), fault).toBe(1n)
      await faulted
    }
    expect(calls).toBe(3)
    expect(await events(connection, machineIds[0]!)).toEqual(cuts.flatMap(() => ['Started', 'Finished']))
  })

  test('a first try that was still under way when the second began: the second finds what it claimed', async () => {
    const { database, proxy, session, machineIds } = await machinesBehindProxy(5)
    const client = await plainClient(database)
    await client.query('BEGIN')
    await client.query('SELECT * FROM machines WHERE machine_id = $1 FOR UPDATE', [machineIds[0]])
    const claiming = session.startWork('P', machineIds)
    await untilWaiting(database)
    proxy.forsake()
    await untilWaiting(database, 2)
    await client.query('COMMIT')
    expect((await claiming)?.machineId).toBe(machineIds[0])
    expect(await lockedBy(database, session)).toEqual([machineIds[0]])
    expect(await starts(database)).toBe(1)
  })

  test('both tries claimed: what nobody asked for is given back', async () => {
    const { connection, database, proxy, session, machineIds } = await machinesBehindProxy(5)
    const [a, b] = machineIds as [string, string]
    const row = await plainClient(database)
    await row.query('BEGIN')
    await row.query('SELECT * FROM machines WHERE machine_id = $1 FOR UPDATE', [a])
    const claiming = session.startWork('P', machineIds)
    await untilWaiting(database)
    // Keeps the second try from looking until the first, which it looked for in vain, is done.
    const table = await plainClient(database)
    await table.query('BEGIN')
    const locking = table.query('LOCK TABLE work_tokens IN ACCESS EXCLUSIVE MODE')
    await untilWaiting(database, 2)
    proxy.forsake()
    await untilWaiting(database, 3)
    await row.query('COMMIT')
    await locking
    await table.query('COMMIT')
    expect((await claiming)?.machineId).toBe(a)
    expect(await lockedBy(database, session)).toEqual([a])
    expect(await events(connection, a)).toEqual(['Started'])
    expect(await events(connection, b)).toEqual(['Started', 'Canceled'])
  })

  test('a takeover that was committed: adopted, and nothing more is claimed', async () => {
    const { connection, database, proxy, session, machineIds } = await machinesBehindProxy(5)
    await deadHolder(database, connection, [machineIds[0]!])
    const faulted = proxy.next(/^COMMIT$/, faults['no answer'])
    const claiming = session.startWork('P', machineIds)
    await faulted
    await eventually('the takeover', async () => (await starts(database)) === 2)
    proxy.cut()
    expect(await claiming).toMatchObject({ machineId: machineIds[0], token: 2n })
    expect(await lockedBy(database, session)).toEqual([machineIds[0]])
    expect(await starts(database)).toBe(2)
    expect(await events(connection, machineIds[0]!)).toEqual(['Started', 'Expired', 'Started'])
  })

  test('a takeover by session.work', async () => {
    const { connection, database, proxy, session, machineIds } = await machinesBehindProxy(1)
    for (const [process, fault] of cuts) {
      await deadHolder(database, connection, machineIds, process)
      const faulted = proxy.next(/^COMMIT$/, faults[fault])
      expect(await session.work(machineIds[0]!, process, (work) => work.token), fault).toBe(2n)
      await faulted
    }
    expect(await events(connection, machineIds[0]!)).toEqual(
      cuts.flatMap(() => ['Started', 'Expired', 'Started', 'Finished']),
    )
  })
})
