import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Connection, PrismaClient } from '../src/index.ts'
import type { TestDatabase } from './setup.ts'
import { databaseMs, takenOverMs } from './support/database-clock.ts'
import { connectionsStand, HolderProgram, type Inside, type Way } from './support/holder.ts'
import { eventually, events, expire, gate, noBeats, testMachines } from './work-setup.ts'

/** The promise itself. Some 340 ms are usual: 300 until the taker ends the connection, and a second try. */
const limitMs = 1_000

const ways: readonly Way[] = ['session.transact', 'work.transact', 'finish']
const places: readonly Inside[] = ['idle', 'a statement', 'an answer']

// A program serves several tests, until one kills it: a start takes more time than a test.
let spare: HolderProgram | undefined
afterAll(() => spare?.kill())

function holderProgram(): HolderProgram {
  const program = spare ?? new HolderProgram()
  spare = undefined
  onTestFinished(async () => {
    if (program.free) spare = program
    else await program.kill()
  })
  return program
}

/** Machines that a program holds, each inside a transaction by one of the ways. */
async function standing(program: HolderProgram, inside: Inside, intervalSeconds = 60) {
  const { connection, database, machineIds } = await testMachines(ways.length)
  const holders = ways.map((way, index) => ({ way, machineId: machineIds[index]! }))
  const sessions = (await program.hold(database, { holders, inside, intervalSeconds })).map((id) => ({ id }))
  const takers = await Promise.all(ways.map(() => connection.startSession(noBeats)))
  return { connection, database, machineIds, sessions, takers }
}

/** Takes each machine with a session of its own, all at once; tells how many milliseconds after the request each is. */
async function take({ database, machineIds, takers }: Awaited<ReturnType<typeof standing>>): Promise<number[]> {
  const requestedAt = await databaseMs(database)
  const taken = await Promise.all(machineIds.map((id, index) => takers[index]!.startWork('P', [id])))
  expect(taken.map((work) => work?.token)).toEqual(machineIds.map(() => 2n))
  const startedAt = await takenOverMs(database)
  return machineIds.map((id) => startedAt.get(id)! - requestedAt)
}

async function nothingCommitted(
  connection: Connection<PrismaClient>,
  database: TestDatabase,
  machineIds: readonly string[],
): Promise<void> {
  expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
  for (const id of machineIds) expect(await events(connection, id)).toEqual(['Started', 'Expired', 'Started'])
}

describe('promise 4: a takeover from a program that stands still inside a guarded transaction takes a second at most', () => {
  for (const inside of places) {
    test(`stopped, ${inside}: ${ways.join(', ')}; and it commits nothing when it goes on`, async () => {
      const program = holderProgram()
      const made = await standing(program, inside)
      const { connection, database, machineIds, sessions } = made
      await program.stop()
      // Until its socket is full the server has not yet noticed that nobody reads.
      if (inside === 'an answer') await connectionsStand(database, ids(sessions), `wait_event = 'ClientWrite'`)
      await expire(database, ...sessions)
      expect(Math.max(...(await take(made)))).toBeLessThan(limitMs)
      await nothingCommitted(connection, database, machineIds)
      expect(await program.wake()).toEqual(
        ways.map(() => ({ code: 'ERR_SESSION_EXPIRED', reason: 'deleted', lost: true })),
      )
      await nothingCommitted(connection, database, machineIds)
    })

    test(`killed, ${inside}: ${ways.join(', ')}`, async () => {
      const program = holderProgram()
      const made = await standing(program, inside)
      await expire(made.database, ...made.sessions)
      await program.kill()
      expect(Math.max(...(await take(made)))).toBeLessThan(limitMs)
      await nothingCommitted(made.connection, made.database, made.machineIds)
    })
  }

  test('stopped until its interval runs out: nobody takes over before the deadline, nor a second after it', async () => {
    const program = holderProgram()
    const { connection, database, machineIds, sessions, takers } = await standing(program, 'idle', 2)
    await program.stop()
    const deadlines = new Map<string, number>()
    for (const row of await database.sql<{ session_id: string; at: number }>(
      'SELECT session_id, extract(epoch FROM session_deadline)::float8 * 1000 AS at FROM session_leases',
    ))
      deadlines.set(row.session_id, row.at)
    await Promise.all(
      machineIds.map((id, index) => eventually('a takeover', () => takers[index]!.startWork('P', [id]))),
    )
    const startedAt = await takenOverMs(database)
    const delaysMs = machineIds.map((id, index) => startedAt.get(id)! - deadlines.get(sessions[index]!.id)!)
    expect(Math.min(...delaysMs)).toBeGreaterThan(0)
    expect(Math.max(...delaysMs)).toBeLessThan(limitMs)
    const ends = await program.wake()
    expect(ends.map(({ code, lost }) => ({ code, lost }))).toEqual(
      ways.map(() => ({ code: 'ERR_SESSION_EXPIRED', lost: true })),
    )
    await nothingCommitted(connection, database, machineIds)
  })

  test('a sweep ends it too, a second after its deadline', async () => {
    const program = holderProgram()
    const { connection, database, machineIds, sessions } = await standing(program, 'idle')
    await program.stop()
    await database.sql(
      `UPDATE session_leases SET session_deadline = now() - interval '2 seconds' WHERE session_id = ANY($1)`,
      ids(sessions),
    )
    expect(await connection.sweep()).toEqual({ sessions: ways.length, work: ways.length })
    for (const { code } of await program.wake()) expect(code).toBe('ERR_SESSION_EXPIRED')
    for (const id of machineIds) expect(await events(connection, id)).toEqual(['Started', 'Expired'])
    expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
  })

  test('an honest long transaction of a live session is not cut by takeovers and sweeps beside it', async () => {
    const program = holderProgram()
    const { connection, database, machineIds, sessions, takers } = await standing(program, 'idle')
    await program.stop()
    const own = (await connection.prisma.machine.create({ data: {} })).id
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
    for (const [index, id] of machineIds.entries()) {
      // Its connection has to be ended each time.
      await expire(database, sessions[index]!)
      expect((await takers[index]!.startWork('P', [id]))?.token).toBe(2n)
      expect(await takers[index]!.startWork('P', [own])).toBeNull()
      expect(await connection.sweep()).toEqual({ sessions: 0, work: 0 })
    }
    done.open()
    await transacting
    expect(attempts).toBe(1)
    for (const { code } of await program.wake()) expect(code).toBe('ERR_SESSION_EXPIRED')
    expect(await database.sql('SELECT bmc_address FROM machine_bmc')).toEqual([{ bmc_address: 'x' }])
    await work.finish()
  })
})

function ids(sessions: readonly { readonly id: string }[]): string[] {
  return sessions.map((session) => session.id)
}
