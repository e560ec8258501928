import { v4 as newId } from 'uuid'
import { describe, expect, test } from 'vitest'
import { addMachines, deadHolder, noBeats, testMachines } from './work-setup.ts'

describe('startWork', () => {
  test('takes the first free machine in the order given, by an array or by a function', async () => {
    const { connection, machineIds } = await testMachines(3)
    const [a, b, c] = machineIds as [string, string, string]
    const session = await connection.startSession(noBeats)
    expect((await session.startWork('P', [b, a, c]))?.machineId).toBe(b)
    expect((await session.startWork('P', () => [b, c, a]))?.machineId).toBe(c)
    expect((await session.startWork('P', async () => [b, c, a]))?.machineId).toBe(a)
    expect(await session.startWork('P', [b, c, a])).toBeNull()
  })

  test('passes over unknown machines, and machines in backoff', async () => {
    const { connection, machineIds } = await testMachines(2)
    const session = await connection.startSession(noBeats)
    await (await session.startWork('P', [machineIds[0]!]))!.fail('no', { initialSeconds: 60 })
    expect((await session.startWork('P', [newId(), ...machineIds]))?.machineId).toBe(machineIds[1])
    expect(await session.startWork('P', [newId()])).toBeNull()
    expect(await session.startWork('P', [])).toBeNull()
    expect(await session.startWork('P', () => [])).toBeNull()
  })

  test('does not let retrieve write: it may run several times', async () => {
    const { connection, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    const claim = session.startWork('P', async (tx) => {
      await tx.machine.create({ data: {} })
      return machineIds
    })
    await expect(claim).rejects.toMatchObject({ meta: { driverAdapterError: { cause: { originalCode: '25006' } } } })
    expect(await connection.prisma.machine.count()).toBe(1)
    expect(await session.startWork('P', machineIds)).not.toBeNull()
  })

  test('takes a machine that is named twice once', async () => {
    const { connection, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    const [id] = machineIds as [string]
    expect(await session.startWorkMany('P', [id, id.toUpperCase(), id], { limit: 3 })).toHaveLength(1)
  })

  test('takes the first that is free also behind a thousand that are held', async () => {
    const { connection, database, machineIds } = await testMachines(1_000)
    const holder = await connection.startSession(noBeats)
    expect(await holder.startWorkMany('P', machineIds, { limit: 1_000 })).toHaveLength(1_000)
    const [last] = (await addMachines(database, 1)) as [string]
    const session = await connection.startSession(noBeats)
    expect((await session.startWork('P', [...machineIds, last]))?.machineId).toBe(last)
  })

  test('what retrieve throws comes out as it was, and nothing is claimed', async () => {
    const { connection, database } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    const thrown = new Error('mine')
    await expect(session.startWork('P', () => Promise.reject(thrown))).rejects.toBe(thrown)
    expect(await database.sql('SELECT * FROM work')).toEqual([])
  })

  test('leaves an expired holder alone where a free machine comes first, and keeps what it claimed', async () => {
    const { connection, database, machineIds } = await testMachines(2)
    const [free, held] = machineIds as [string, string]
    await deadHolder(database, connection, [held])
    const session = await connection.startSession(noBeats)
    const work = await session.startWork('P', [free, held])
    expect(work?.machineId).toBe(free)
    expect(await database.sql('SELECT machine_id FROM work WHERE session_id = $1', session.id)).toEqual([
      { machine_id: free },
    ])
    expect(await database.sql('SELECT * FROM sessions')).toHaveLength(2)
  })
})

describe('startWorkMany', () => {
  test('claims up to the limit, in the order given, in one transaction', async () => {
    const { connection, database, machineIds } = await testMachines(5)
    const session = await connection.startSession(noBeats)
    const works = await session.startWorkMany('P', [...machineIds].reverse(), { limit: 3 })
    expect(works.map((work) => work.machineId)).toEqual([...machineIds].reverse().slice(0, 3))
    expect(await database.sql('SELECT DISTINCT xmin::text FROM work')).toHaveLength(1)
    expect(await session.startWorkMany('P', machineIds, { limit: 3 })).toHaveLength(2)
    expect(await session.startWorkMany('P', machineIds, { limit: 3 })).toEqual([])
  })

  test('takes over dead holders and claims free machines in the same transaction', async () => {
    const { connection, database, machineIds } = await testMachines(6)
    await deadHolder(database, connection, machineIds.slice(0, 2))
    await deadHolder(database, connection, machineIds.slice(3, 4))
    const session = await connection.startSession(noBeats)
    const works = await session.startWorkMany('P', machineIds, { limit: 5 })
    expect(works.map((work) => [work.machineId, work.token])).toEqual(
      machineIds.slice(0, 5).map((id, index) => [id, [0, 1, 3].includes(index) ? 2n : 1n]),
    )
    expect(await database.sql('SELECT DISTINCT xmin::text FROM work')).toHaveLength(1)
    expect(await database.sql('SELECT * FROM sessions')).toHaveLength(1)
  })

  test('sessions that claim the same machines in opposite orders share them out without a deadlock', async () => {
    const { connection, database, machineIds } = await testMachines(40)
    const sessions = await Promise.all(Array.from({ length: 4 }, () => connection.startSession(noBeats)))
    const claimed = await Promise.all(
      sessions.map(async (session, index) => {
        const ids = index % 2 === 0 ? machineIds : [...machineIds].reverse()
        const mine: string[] = []
        for (;;) {
          const works = await session.startWorkMany('P', ids, { limit: 7 })
          if (works.length === 0) return mine
          mine.push(...works.map((work) => work.machineId))
        }
      }),
    )
    expect(claimed.flat().sort()).toEqual([...machineIds].sort())
    const [row] = await database.sql('SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()')
    expect(row).toEqual({ deadlocks: 0 })
  })
})
