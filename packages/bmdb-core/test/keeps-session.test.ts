import { describe, expect, onTestFinished, test } from 'vitest'
import { count, eventually, pause, plainClient, recordingMetrics } from './helpers.ts'
import { testDatabase } from './setup.ts'
import { startProxy } from './proxy.ts'

/** A short session, and what counts its beats. */
async function shortSession(config: { poolSize?: number } = {}, intervalSeconds = 1) {
  const database = await testDatabase()
  const { proxy, url } = await startProxy(database.url)
  const metrics = recordingMetrics()
  const connection = await database.open({ databaseUrl: url, metrics, ...config })
  // Prisma's first query takes long, and not only its own time: before the clock runs.
  await connection.prisma.machine.count()
  const session = await connection.startSession({ intervalSeconds })
  onTestFinished(() => proxy.heal())
  const beats = (result: string): number => metrics.counted('bmdb_beats_total', { result })
  return { database, proxy, connection, session, beats }
}

/** Waits until that many further beats were acknowledged: about a third of a second each. */
async function acknowledged(beats: (result: string) => number, more: number): Promise<void> {
  const before = beats('acknowledged')
  await eventually('beats are acknowledged', () => beats('acknowledged') >= before + more)
}

describe('promise 13: a reachable database never loses a session', () => {
  test('a full pool does not', async () => {
    const { connection, session, beats } = await shortSession({ poolSize: 1 })
    const waiting: Promise<unknown>[] = []
    await session.transact(async () => {
      for (let i = 0; i < 20; i++) waiting.push(session.transact((tx) => tx.machine.create({ data: {} })))
      await acknowledged(beats, 4)
    })
    await Promise.all(waiting)
    expect(session.expired).toBe(false)
    expect(await connection.prisma.machine.count()).toBe(20)
  })

  test('a transaction that is longer than the interval does not, and it commits', async () => {
    const { database, session, beats } = await shortSession()
    await session.transact(async (tx) => {
      await tx.machine.create({ data: {} })
      await tx.$queryRaw`SELECT 1 AS one FROM pg_sleep(1.4)`
      await tx.machine.create({ data: {} })
    })
    expect(beats('acknowledged')).toBeGreaterThanOrEqual(3)
    expect(session.expired).toBe(false)
    expect(await count(database, 'machines')).toBe(2)
  })

  test('a storm of serialization failures does not', async () => {
    const { connection, session, beats } = await shortSession()
    const machine = await connection.prisma.machine.create({ data: {} })
    await connection.prisma.hardwareReport.create({ data: { machineId: machine.id, report: { n: 0 } } })
    const add = () =>
      session.transact(async (tx) => {
        const { report } = await tx.hardwareReport.findUniqueOrThrow({ where: { machineId: machine.id } })
        const n = (report as { n: number }).n + 1
        await tx.hardwareReport.update({ where: { machineId: machine.id }, data: { report: { n } } })
      })
    let adding = true
    let added = 0
    const storm = Array.from({ length: 8 }, async () => {
      while (adding) {
        await add()
        added += 1
      }
    })
    await acknowledged(beats, 4)
    adding = false
    await Promise.all(storm)
    expect(session.expired).toBe(false)
    expect(beats('failed')).toBe(0)
    const { report } = await connection.prisma.hardwareReport.findUniqueOrThrow({ where: { machineId: machine.id } })
    expect(report).toEqual({ n: added })
  })

  test('a broken connection does not', async () => {
    const { proxy, session, beats } = await shortSession()
    await acknowledged(beats, 1)
    proxy.cut()
    await acknowledged(beats, 4)
    expect(session.expired).toBe(false)
  })

  test('a server that ends the connection of the beats does not', async () => {
    const { database, session, beats } = await shortSession()
    await acknowledged(beats, 1)
    const ended = await database.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'bmdb beats'`,
    )
    expect(ended).toHaveLength(1)
    await acknowledged(beats, 4)
    expect(session.expired).toBe(false)
  })

  test('a connection that has gone silent does not: the next beat goes over a new one', async () => {
    // It is found silent two thirds into the interval: what is left must do for a new connection on a busy machine.
    const { proxy, session, beats } = await shortSession({}, 3)
    await acknowledged(beats, 1)
    proxy.freeze()
    await acknowledged(beats, 2)
    expect(beats('failed')).toBeGreaterThanOrEqual(1)
    expect(session.expired).toBe(false)
  })

  test('a beat that waits for a lock does not, when the lock is released in time', async () => {
    const { database, session, beats } = await shortSession()
    await acknowledged(beats, 1)
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('SELECT 1 FROM session_leases FOR UPDATE')
    await pause(400)
    await other.query('ROLLBACK')
    await acknowledged(beats, 4)
    expect(session.expired).toBe(false)
  })

  test('a blocked beat of one session does not hold up those of another', async () => {
    const { database, connection, session, beats } = await shortSession()
    const blocked = await connection.startSession({ intervalSeconds: 60 })
    const victim = await connection.startSession({ intervalSeconds: 1 })
    await acknowledged(beats, 2)
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('SELECT 1 FROM session_leases WHERE session_id = ANY($1::uuid[]) FOR UPDATE', [
      [session.id, blocked.id],
    ])
    await eventually('the blocked one is lost', () => session.expired)
    await pause(1_000)
    expect(victim.expired).toBe(false)
    expect(blocked.expired).toBe(false)
    await other.query('ROLLBACK')
  })

  test('a refused connection does not, when the next one is let in', async () => {
    const { proxy, session, beats } = await shortSession()
    await acknowledged(beats, 1)
    proxy.refuse()
    await eventually('a beat fails', () => beats('failed') >= 2)
    proxy.restore()
    await acknowledged(beats, 4)
    expect(session.expired).toBe(false)
  })
})
