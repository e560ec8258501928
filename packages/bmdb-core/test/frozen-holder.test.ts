import { describe, expect, test } from 'vitest'
import type { PrismaClient, Session, Work } from '../src/index.ts'
import type { TestDatabase } from './setup.ts'
import { deadHolder, eventually, events, expire, gate, noBeats, rejection, testMachines } from './work-setup.ts'

type Holder = Session<PrismaClient>
type Held = Work<PrismaClient>
type Transact = Holder['transact']

/** "At most about a second", and room for a slow machine. */
const limitMs = 2_500

async function frozen(ways: { sleepSeconds: number; of: (session: Holder, work: Held) => Transact }) {
  const { connection, database, machineIds } = await testMachines(1)
  const [machineId] = machineIds as [string]
  const holder = await connection.startSession(noBeats)
  const work = (await holder.startWork('P', machineIds))!
  const inside = gate()
  const thaw = gate()
  const transacting = rejection(
    ways.of(
      holder,
      work,
    )(async (tx) => {
      await tx.bmc.create({ data: { machineId, address: 'written by the frozen holder' } })
      inside.open()
      if (ways.sleepSeconds > 0) await tx.$executeRawUnsafe(`SELECT pg_sleep(${ways.sleepSeconds})`)
      else await thaw.opened
      await tx.machine.create({ data: {} })
    }),
  )
  await inside.opened
  if (ways.sleepSeconds > 0) await untilAsleep(database)
  await expire(database, holder)
  const session = await connection.startSession(noBeats)
  const fromMs = performance.now()
  const taken = (await session.startWork('P', machineIds))!
  const tookMs = performance.now() - fromMs
  thaw.open()
  expect(taken.token).toBe(2n)
  expect(tookMs).toBeLessThan(limitMs)
  expect(await transacting).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deleted' })
  expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
  expect(await database.sql('SELECT * FROM machines')).toHaveLength(1)
  expect(await events(connection, machineId)).toEqual(['Started', 'Expired', 'Started'])
  expect(work.signal.aborted).toBe(true)
}

async function untilAsleep(database: TestDatabase): Promise<void> {
  await eventually('a statement that sleeps', async () => {
    const rows = await database.sql(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
    )
    return rows.length > 0
  })
}

const transact = (session: Holder): Transact => session.transact.bind(session)
const workTransact = (_: Holder, work: Held): Transact => work.transact.bind(work)
const finish = (_: Holder, work: Held): Transact => ((fn, options) => work.finish(fn, options)) as Transact

describe('promise 4: a holder frozen inside a guarded transaction delays a takeover by about a second, and never commits', () => {
  test('idle inside session.transact', () => frozen({ sleepSeconds: 0, of: transact }))
  test('idle inside work.transact', () => frozen({ sleepSeconds: 0, of: workTransact }))
  test('idle inside finish', () => frozen({ sleepSeconds: 0, of: finish }))
  test('in a long statement of session.transact', () => frozen({ sleepSeconds: 60, of: transact }))
  test('in a long statement of work.transact', () => frozen({ sleepSeconds: 60, of: workTransact }))

  test('a sweep ends it too, a second after its deadline', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const holder = await connection.startSession(noBeats)
    const work = (await holder.startWork('P', machineIds))!
    const inside = gate()
    const thaw = gate()
    const transacting = rejection(
      work.transact(async () => {
        inside.open()
        await thaw.opened
      }),
    )
    await inside.opened
    await database.sql(`UPDATE session_leases SET session_deadline = now() - interval '2 seconds'`)
    expect(await connection.sweep()).toEqual({ sessions: 1, work: 1 })
    thaw.open()
    expect(await transacting).toMatchObject({ code: 'ERR_SESSION_EXPIRED' })
  })

  test('an honest long transaction of a live session is not cut by takeovers and sweeps beside it', async () => {
    const { connection, database, machineIds } = await testMachines(4)
    const [own, ...others] = machineIds as [string, ...string[]]
    const holder = await connection.startSession(noBeats)
    const work = (await holder.startWork('P', [own]))!
    let attempts = 0
    const done = gate()
    const inside = gate()
    const transacting = work.transact(async (tx) => {
      attempts += 1
      await tx.bmc.create({ data: { machineId: own, address: 'x' } })
      inside.open()
      await done.opened
    })
    await inside.opened
    const frozenOnes: Promise<unknown>[] = []
    for (const id of others) {
      // Frozen inside a transaction itself, so that its connection has to be ended.
      const dead = await deadHolder(database, connection, [id])
      const begun = gate()
      const frozen = rejection(
        dead.transact(async () => {
          begun.open()
          await done.opened
        }),
      )
      await begun.opened
      const session = await connection.startSession(noBeats)
      expect((await session.startWork('P', [id]))?.token).toBe(2n)
      expect(await session.startWork('P', [own])).toBeNull()
      expect(await connection.sweep()).toEqual({ sessions: 0, work: 0 })
      frozenOnes.push(frozen)
    }
    await database.sql('SELECT pg_sleep(1)')
    done.open()
    await transacting
    expect(attempts).toBe(1)
    for (const frozen of frozenOnes) expect(await frozen).toMatchObject({ code: 'ERR_SESSION_EXPIRED' })
    expect(await database.sql('SELECT bmc_address FROM machine_bmc')).toEqual([{ bmc_address: 'x' }])
    await work.finish()
  })
})
