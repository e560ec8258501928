import { describe, expect, test } from 'vitest'
import { claimable, WorkBlockedError, WorkConflictError, type Connection, type PrismaClient } from '../src/index.ts'
import { deadHolder, expire, noBeats, rejection, testMachines, untilWaiting, plainClient } from './work-setup.ts'

const because = { reason: 'a test' }

type Blocks = Record<string, (connection: Connection<PrismaClient>, machineId: string) => Promise<unknown>>

/** What keeps a process off a machine, by what the error calls it. */
const blocks: Blocks = {
  retired: (connection, machineId) => connection.operator('ann').retire(machineId, because),
  'locked out': (connection, machineId) => connection.operator('ann').lockOut(machineId, because),
  paused: (connection) => connection.operator('ann').pause('P', because),
  parked: (connection, machineId) => connection.operator('ann').park(machineId, 'P', because),
}

function ask(connection: Connection<PrismaClient>, process = 'P', sql?: string): Promise<string[]> {
  return connection.prisma.$transaction((tx) =>
    claimable(tx as PrismaClient, process, sql === undefined ? {} : { sql }),
  )
}

describe('what an operator says binds every claim', () => {
  test.each(Object.entries(blocks))('%s: no way of claiming gets past it', async (reason, block) => {
    const { connection, machineIds } = await testMachines(1)
    const [machineId] = machineIds as [string]
    const session = await connection.startSession(noBeats)
    await block(connection, machineId)
    const error = await rejection(session.work(machineId, 'P', () => {}))
    expect(error).toBeInstanceOf(WorkBlockedError)
    expect(error).toMatchObject({ code: 'ERR_WORK_BLOCKED', machineId, process: 'P', reason })
    if (reason !== 'retired')
      expect(error).toMatchObject({ by: 'ann', message: expect.stringContaining('a test') as string })
    expect(await session.work(machineId, 'P', () => {}, { ignoreBackoff: true }).catch((e: Error) => e.name)).toBe(
      'WorkBlockedError',
    )
    expect(await session.startWork('P', [machineId], { ignoreBackoff: true })).toBeNull()
    expect(await session.startWorkMany('P', () => [machineId], { limit: 5 })).toEqual([])
    expect(await ask(connection)).toEqual([])
    expect(await ask(connection, 'P', 'true')).toEqual([])
    expect(await connection.explain(machineId, 'P')).toMatchObject({ eligible: false })
  })

  test('and what was said can be taken back', async () => {
    const { connection, machineIds } = await testMachines(1)
    const [machineId] = machineIds as [string]
    const session = await connection.startSession(noBeats)
    const ann = connection.operator('ann')
    for (const block of Object.values(blocks)) await block(connection, machineId)
    expect(await ann.returnToService(machineId, because)).toBe(true)
    expect(await ann.endLockOut(machineId, because)).toBe(true)
    expect(await ann.resume('P', because)).toBe(true)
    expect(await ann.unpark(machineId, 'P', because)).toBe(true)
    expect(await session.startWork('P', [machineId])).not.toBeNull()
    for (const undo of [
      () => ann.returnToService(machineId, because),
      () => ann.endLockOut(machineId, because),
      () => ann.resume('P', because),
      () => ann.unpark(machineId, 'P', because),
    ])
      expect(await undo()).toBe(false)
  })

  test('other processes and other machines are not meant', async () => {
    const { connection, machineIds } = await testMachines(2)
    const [one, other] = machineIds as [string, string]
    const session = await connection.startSession(noBeats)
    await connection.operator('ann').park(one, 'P', because)
    await connection.operator('ann').pause('R', because)
    expect(await session.startWork('Q', [one])).not.toBeNull()
    expect(await session.startWork('P', [one, other])).toMatchObject({ machineId: other })
  })

  test('a lock-out ends by itself at its time', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const [machineId] = machineIds as [string]
    const session = await connection.startSession(noBeats)
    await connection.operator('ann').lockOut(machineId, { ...because, seconds: 60 })
    expect(await session.startWork('P', [machineId])).toBeNull()
    await database.sql(`UPDATE machines SET machine_locked_out_until = now() - interval '1 second'`)
    expect(await ask(connection)).toEqual([machineId])
    expect(await session.startWork('P', [machineId])).not.toBeNull()
  })

  test('a claim that is under way is waited for, so that none comes after the operator was told that it is done', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const [machineId] = machineIds as [string]
    const session = await connection.startSession(noBeats)
    const blocker = await plainClient(database)
    // A claim stops at the row of its session.
    await blocker.query('BEGIN')
    await blocker.query('SELECT 1 FROM sessions WHERE session_id = $1 FOR UPDATE', [session.id])
    const claiming = session.startWork('P', [machineId])
    await untilWaiting(database, 1)
    let paused = false
    const pausing = connection
      .operator('ann')
      .pause('P', because)
      .then(() => (paused = true))
    await untilWaiting(database, 2)
    expect(paused).toBe(false)
    await blocker.query('COMMIT')
    expect(await claiming).not.toBeNull()
    expect(await pausing).toBe(true)
  })
})

describe('processes in conflict', () => {
  async function conflicting(machines: number) {
    const made = await testMachines(machines)
    await made.connection.declareProcess({ process: 'P', conflictsWith: ['Q'] })
    return { ...made, session: await made.connection.startSession(noBeats) }
  }

  test.each([
    ['P', 'Q'],
    ['Q', 'P'],
  ])('%s keeps %s off its machine, by every way of claiming', async (first, second) => {
    const { connection, session, machineIds } = await conflicting(1)
    const [machineId] = machineIds as [string]
    const other = await connection.startSession(noBeats)
    const held = (await other.startWork(first, [machineId]))!
    const error = await rejection(session.work(machineId, second, () => {}))
    expect(error).toBeInstanceOf(WorkConflictError)
    expect(error).toMatchObject({ process: second, heldFor: first, session: other.id })
    expect(error.message).toContain(`held for ${first}, which conflicts with ${second}`)
    expect(await session.startWork(second, [machineId], { ignoreBackoff: true })).toBeNull()
    expect(await session.startWorkMany(second, () => [machineId], { limit: 3 })).toEqual([])
    expect(await ask(connection, second)).toEqual([])
    expect(await ask(connection, 'R')).toEqual([machineId])
    await held.finish()
    expect(await session.startWork(second, [machineId])).not.toBeNull()
  })

  test('a dead holder of a process in conflict is taken over', async () => {
    const { connection, database, session, machineIds } = await conflicting(1)
    const dead = await deadHolder(database, connection, machineIds, 'Q')
    expect(await ask(connection)).toEqual(machineIds)
    expect(await session.startWork('P', machineIds)).toMatchObject({ machineId: machineIds[0], token: 1n })
    const history = await connection.history(machineIds[0]!)
    expect(history.map(({ event, process }) => `${process} ${event}`)).toEqual(['P Started', 'Q Expired', 'Q Started'])
    expect(await database.sql('SELECT 1 FROM sessions WHERE session_id = $1', dead.id)).toEqual([])
  })

  test('two dead holders, one of each process, are both taken over', async () => {
    const { connection, database, session, machineIds } = await conflicting(1)
    await deadHolder(database, connection, machineIds, 'Q')
    await database.sql(`DELETE FROM process_conflicts`)
    const both = await connection.startSession(noBeats)
    await both.startWork('P', machineIds)
    await expire(database, both)
    await database.sql(`INSERT INTO process_conflicts VALUES ('P', 'Q'), ('Q', 'P')`)
    expect(await session.startWork('P', machineIds)).not.toBeNull()
  })

  test('of claims that begin together only one gets the machine', async () => {
    const { connection, machineIds } = await conflicting(4)
    const sessions = await Promise.all(Array.from({ length: 8 }, () => connection.startSession(noBeats)))
    for (let round = 0; round < 15; round++) {
      const claimed = await Promise.all(
        sessions.map((session, index) => session.startWorkMany(index % 2 === 0 ? 'P' : 'Q', machineIds, { limit: 4 })),
      )
      const works = claimed.flat()
      expect(new Set(works.map((work) => work.machineId)).size).toBe(works.length)
      await Promise.all(works.map((work) => work.cancel()))
    }
  })
})

describe('a limit of a failure domain', () => {
  async function racks(count: number, rackOf: (index: number) => string) {
    const made = await testMachines(count)
    const ann = made.connection.operator('ann')
    for (const [index, machineId] of made.machineIds.entries())
      await ann.setFailureDomain(machineId, 'rack', rackOf(index), because)
    await made.connection.declareProcess({ process: 'P', failureDomains: { rack: 2 } })
    return { ...made, session: await made.connection.startSession(noBeats) }
  }

  test('holds within one claim and across claims, by every way of claiming', async () => {
    const { connection, session, machineIds } = await racks(6, (index) => (index < 4 ? 'a' : 'b'))
    const first = await session.startWorkMany('P', machineIds, { limit: 6 })
    expect(first.map((work) => work.machineId).sort()).toEqual(
      [machineIds[0]!, machineIds[1]!, machineIds[4]!, machineIds[5]!].sort(),
    )
    const error = await rejection(session.work(machineIds[2]!, 'P', () => {}))
    expect(error).toMatchObject({ code: 'ERR_WORK_BLOCKED', reason: 'failure domain' })
    expect(error.message).toContain('rack a: 2 of 2 held')
    expect(await session.startWork('P', machineIds)).toBeNull()
    expect(await ask(connection)).toEqual([])
    expect(await session.startWork('Q', [machineIds[2]!])).not.toBeNull()
    await first.find((work) => work.machineId === machineIds[0])!.finish()
    expect((await ask(connection)).sort()).toEqual([machineIds[0]!, machineIds[2]!, machineIds[3]!].sort())
    expect(await session.startWorkMany('P', machineIds.slice(2, 4), { limit: 2 })).toHaveLength(1)
  })

  test('does not count dead holders, nor machines without such a domain', async () => {
    const { connection, database, session, machineIds } = await racks(3, () => 'a')
    await deadHolder(database, connection, machineIds.slice(0, 2))
    expect(await session.startWork('P', [machineIds[2]!])).not.toBeNull()
    const alone = await connection.operator('ann').addMachine(because)
    expect(await session.startWork('P', [alone])).not.toBeNull()
  })

  test('holds against claims that begin together', async () => {
    const { connection, machineIds } = await racks(8, () => 'a')
    const sessions = await Promise.all(Array.from({ length: 6 }, () => connection.startSession(noBeats)))
    for (let round = 0; round < 15; round++) {
      const claimed = await Promise.all(
        sessions.map((session, index) =>
          session.startWorkMany('P', [...machineIds.slice(index), ...machineIds], { limit: 2 }),
        ),
      )
      const works = claimed.flat()
      expect(works.length).toBeLessThanOrEqual(2)
      await Promise.all(works.map((work) => work.cancel()))
    }
  })

  test('of several kinds: one full domain is enough, and another machine is taken', async () => {
    const { connection, session, machineIds } = await racks(3, (index) => `rack ${index}`)
    const ann = connection.operator('ann')
    await connection.declareProcess({ process: 'P', failureDomains: { rack: 2, site: 1 } }, { replace: true })
    await ann.setFailureDomain(machineIds[0]!, 'site', 's', because)
    await ann.setFailureDomain(machineIds[1]!, 'site', 's', because)
    const works = await session.startWorkMany('P', machineIds, { limit: 3 })
    expect(works.map((work) => work.machineId).sort()).toEqual([machineIds[0]!, machineIds[2]!].sort())
  })
})

describe('a dead holder that is frozen inside a transaction', () => {
  /** Holds the machine's row, and that of its work, and never lets go. */
  async function frozen(process: string) {
    const made = await testMachines(1)
    const [machineId] = made.machineIds as [string]
    await made.connection.declareProcess({ process: 'P', conflictsWith: ['Q'] })
    const holder = await (await made.database.open()).startSession(noBeats)
    const work = (await holder.startWork(process, [machineId]))!
    await new Promise<void>((inside) => {
      work
        .transact(async (tx) => {
          await tx.machine.update({ where: { id: machineId }, data: { lockOutReason: null } })
          inside()
          await new Promise(() => {})
        })
        .catch(() => {})
    })
    await expire(made.database, holder)
    return { ...made, machineId }
  }

  test.each(['P', 'Q'])('of %s does not keep a process in conflict away', async (process) => {
    const { connection, machineId } = await frozen(process)
    const session = await connection.startSession(noBeats)
    expect(await session.startWork('P', [machineId], { timeoutMs: 10_000 })).not.toBeNull()
  })

  test('is released at once by an operator', async () => {
    const { connection, machineId } = await frozen('P')
    const released = await connection.operator('ann').release(machineId, 'P', { ...because, timeoutMs: 10_000 })
    expect(released.outcome).toBe('forced')
    const [row] = await connection.history(machineId)
    expect(row).toMatchObject({ event: 'Expired', failedCause: 'its session expired; released by ann: a test' })
  })
})
