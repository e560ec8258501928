import { gate } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { hold, testDatabase, type ConformanceDatabase } from './setup.ts'
import { abortedAtMs, eventually, rejection } from './waiting.ts'

/** When the session's deadline passes in the database, on this program's monotonic clock: no later than told. */
async function deadlineMs(database: ConformanceDatabase, sessionId: string): Promise<number> {
  const beforeMs = performance.now()
  const [row] = await database.sql(
    `SELECT extract(epoch FROM session_deadline - clock_timestamp())::float8 AS seconds
     FROM session_leases WHERE session_id = $1::uuid`,
    sessionId,
  )
  return beforeMs + Number(row!['seconds']) * 1_000
}

/** What keeps beats and their answers away, or might. */
const troubles = {
  'a network that goes silent': (proxy) => proxy.silence(),
  'a network that breaks': (proxy) => {
    proxy.refuse()
  },
  'a client that loses its connections while the server keeps them': (proxy) => {
    proxy.forsake()
    proxy.silence()
  },
} satisfies Record<string, (proxy: Awaited<ReturnType<ConformanceDatabase['openBehindProxy']>>['proxy']) => void>

describe('promise 3: a holder stops before anybody can take over', () => {
  test(`signals abort before the deadline: ${Object.keys(troubles).join(', ')}, a full pool besides`, async () => {
    const database = await testDatabase()
    const stopped = Object.values(troubles).map(async (trouble) => {
      const [machineId] = await database.machines(1)
      // The one connection of the pool is in use throughout: beats have their own.
      const { proxy, connection } = await database.openBehindProxy({ poolSize: 1 })
      await connection.prisma.machine.count()
      const session = await connection.startSession({ intervalSeconds: 2 })
      const work = await hold(session, machineId!)
      const never = gate()
      const begun = gate()
      const blocked = rejection(
        session.transact(async () => {
          begun.open()
          await never.opened
        }),
      )
      await begun.opened
      const sessionMs = abortedAtMs(session.signal)
      const workMs = abortedAtMs(work.signal)
      trouble(proxy)

      const abortedMs = Math.max(await sessionMs, await workMs)
      expect(abortedMs).toBeLessThan(await deadlineMs(database, session.id))
      for (const signal of [session.signal, work.signal])
        expect(signal.reason).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deadline' })
      expect(await blocked).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deadline' })
      // It knows without asking.
      const { statements } = proxy.counts
      expect(await rejection(session.transact(async () => {}))).toMatchObject({ code: 'ERR_SESSION_EXPIRED' })
      expect(proxy.counts.statements).toBe(statements)
    })
    await Promise.all(stopped)
  })

  test('its time runs from when the last acknowledged beat was sent, not from when the answer came', async () => {
    const database = await testDatabase()
    const { proxy, connection } = await database.openBehindProxy()
    const session = await connection.startSession({ intervalSeconds: 2 })
    proxy.every('bmdb_beat', { do: 'delay', ms: 500, when: 'after' })
    let before = session.remainingMs()
    await eventually('a beat is acknowledged', () => {
      const now = session.remainingMs()
      if (now > before) return true
      before = now
      return false
    })
    proxy.silence()
    const abortedMs = await abortedAtMs(session.signal)
    expect(abortedMs).toBeLessThan(await deadlineMs(database, session.id))
    expect(session.signal.reason).toMatchObject({ reason: 'deadline' })
  })
})
