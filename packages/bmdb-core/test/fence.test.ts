import { describe, expect, test } from 'vitest'
import type { Connection, PrismaClient, Session, Work } from '../src/index.ts'
import type { TestDatabase } from './setup.ts'
import { events, expire, gate, noBeats, rejection, testMachines, untilWaiting } from './work-setup.ts'

interface Holding {
  readonly session: Session<PrismaClient>
  readonly work: Work<PrismaClient>
  readonly machineId: string
}

/** Everything by which a holder may write, each with a mark of its own where it has a function. */
const writes: Record<string, (holding: Holding) => Promise<unknown>> = {
  'session.transact': ({ session, machineId }) => session.transact((tx) => mark(tx, machineId)),
  'work.transact': ({ work, machineId }) => work.transact((tx) => mark(tx, machineId)),
  'finish with a function': ({ work, machineId }) => work.finish((tx) => mark(tx, machineId)),
  finish: ({ work }) => work.finish(),
  fail: ({ work }) => work.fail('no', { initialSeconds: 60 }),
  cancel: ({ work }) => work.cancel(),
}

type Transaction = Parameters<Parameters<Session<PrismaClient>['transact']>[0]>[0]

function mark(tx: Transaction, machineId: string): Promise<unknown> {
  return tx.bmc.create({ data: { machineId, address: 'written after the loss' } })
}

async function holdings(connection: Connection<PrismaClient>, machineIds: readonly string[]): Promise<Holding[]> {
  return Promise.all(
    machineIds.map(async (machineId) => {
      const session = await connection.startSession(noBeats)
      return { session, machineId, work: (await session.startWork('P', [machineId]))! }
    }),
  )
}

/** Ways in which others end a session whose program believes that it holds. */
const losses: Record<string, (database: TestDatabase, connection: Connection<PrismaClient>) => Promise<void>> = {
  'a takeover': async (_, connection) => {
    const taker = await connection.startSession(noBeats)
    const machines = await connection.prisma.machine.findMany()
    const ids = machines.map((machine) => machine.id)
    expect(await taker.startWorkMany('P', ids, { limit: 100 })).toHaveLength(ids.length)
  },
  'a sweep': async (_, connection) => {
    await connection.sweep()
  },
  'the deletion of its rows': async (database) => {
    await database.sql('DELETE FROM work')
    await database.sql('DELETE FROM sessions')
  },
}

describe('promise 2: no write after loss', () => {
  for (const [loss, end] of Object.entries(losses))
    test(`after ${loss} nothing commits: ${Object.keys(writes).join(', ')}`, async () => {
      const { connection, database, machineIds } = await testMachines(Object.keys(writes).length)
      const held = await holdings(connection, machineIds)
      await expire(database, ...held.map((one) => one.session))
      await end(database, connection)
      const before = await database.sql('SELECT * FROM work_history ORDER BY work_history_id')
      for (const [index, write] of Object.values(writes).entries()) {
        const holding = held[index]!
        expect(await rejection(write(holding))).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deleted' })
        expect(holding.session.signal.aborted).toBe(true)
        expect(holding.work.signal.aborted).toBe(true)
      }
      expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
      expect(await database.sql('SELECT * FROM work_backoff')).toEqual([])
      expect(await database.sql('SELECT * FROM work_history ORDER BY work_history_id')).toEqual(before)
    })

  test('what a holder began before a takeover, and would commit after it, never commits', async () => {
    const { connection, database, machineIds } = await testMachines(3)
    const held = await holdings(connection, machineIds)
    const begun = held.map(() => gate())
    const resume = gate()
    const late = async (index: number, tx: Transaction): Promise<void> => {
      begun[index]!.open()
      await resume.opened
      await mark(tx, machineIds[index]!)
    }
    const ends = [
      rejection(held[0]!.session.transact((tx) => late(0, tx))),
      rejection(held[1]!.work.transact((tx) => late(1, tx))),
      rejection(held[2]!.work.finish((tx) => late(2, tx))),
    ]
    await Promise.all(begun.map((one) => one.opened))
    await expire(database, ...held.map((one) => one.session))
    const taker = await connection.startSession(noBeats)
    expect(await taker.startWorkMany('P', machineIds, { limit: 3 })).toHaveLength(3)
    resume.open()
    for (const end of ends) expect(await end).toMatchObject({ code: 'ERR_SESSION_EXPIRED' })
    expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
    for (const id of machineIds) expect(await events(connection, id)).toEqual(['Started', 'Expired', 'Started'])
  })

  for (const by of ['session.transact', 'work.transact', 'finish'] as const)
    test(`a takeover waits for an open ${by}: either that commits first, or it never commits`, async () => {
      const { connection, database, machineIds } = await testMachines(1)
      const [machineId] = machineIds as [string]
      const [{ session, work }] = (await holdings(connection, machineIds)) as [Holding]
      const begun = gate()
      const resume = gate()
      const inside = async (tx: Transaction): Promise<void> => {
        await mark(tx, machineId)
        begun.open()
        await resume.opened
      }
      const holder =
        by === 'session.transact'
          ? session.transact(inside)
          : by === 'work.transact'
            ? work.transact(inside)
            : work.finish(inside)
      const committed = holder.then(
        () => true,
        () => false,
      )
      await begun.opened
      await expire(database, session)
      const taker = await connection.startSession(noBeats)
      let taken = false
      const taking = taker.startWork('P', machineIds).then((one) => {
        taken = true
        return one
      })
      await Promise.race([untilWaiting(database), taking])
      expect(taken).toBe(false)
      resume.open()
      // Its connection is ended after a fraction of a second: a slow machine may not come to commit before that.
      const marks = (await committed) ? 1 : 0
      expect((await taking)?.token).toBe(2n)
      expect(await database.sql('SELECT * FROM machine_bmc')).toHaveLength(marks)
      const first = by === 'finish' && marks === 1 ? 'Finished' : 'Expired'
      expect(await events(connection, machineId)).toEqual(['Started', first, 'Started'])
    })

  test('closing a session rolls back what is open in it, and cancels its work', async () => {
    const { connection, database, machineIds } = await testMachines(2)
    const session = await connection.startSession(noBeats)
    const works = await session.startWorkMany('P', machineIds, { limit: 2 })
    const begun = [gate(), gate()]
    const resume = gate()
    const ends = works.map((work, index) =>
      rejection(
        work[index === 0 ? 'transact' : 'finish'](async (tx) => {
          await mark(tx, work.machineId)
          begun[index]!.open()
          await resume.opened
        }),
      ),
    )
    await Promise.all(begun.map((one) => one.opened))
    await session.close()
    resume.open()
    for (const end of ends) expect(await end).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'closed' })
    for (const work of works) {
      expect(await rejection(work.cancel())).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'closed' })
      expect(await events(connection, work.machineId)).toEqual(['Started', 'Canceled'])
    }
    expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
    expect(await database.sql('SELECT * FROM session_status')).toEqual([])
  })

  test('work whose row is gone is lost although its session lives, and the session goes on', async () => {
    const { connection, database, machineIds } = await testMachines(5)
    const session = await connection.startSession(noBeats)
    const works = await session.startWorkMany('P', machineIds, { limit: 5 })
    await database.sql('DELETE FROM work')
    const other = await connection.startSession(noBeats)
    expect(await other.startWorkMany('P', machineIds, { limit: 5 })).toHaveLength(5)
    const attempts = Object.values(writes).slice(1)
    for (const [index, write] of attempts.entries()) {
      const work = works[index]!
      const error = await rejection(write({ session, work, machineId: work.machineId }))
      expect(error).toMatchObject({ code: 'ERR_WORK_LOST', reason: 'deleted', token: 1n })
      expect(work.signal.reason).toBe(error)
    }
    expect(await database.sql('SELECT * FROM work')).toHaveLength(5)
    expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
    expect(await database.sql('SELECT * FROM work_backoff')).toEqual([])
    await session.transact((tx) => tx.machine.create({ data: {} }))
  })
})
