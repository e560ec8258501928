import { describe, expect, onTestFinished, test } from 'vitest'
import { aborted, gate, plainClient, rejection, somebodyWaits } from './helpers.ts'
import { testDatabase, testSession, type TestDatabase } from './setup.ts'
import { startProxy } from './proxy.ts'

/** A session of one second behind a proxy, its row watched past the proxy. */
async function sessionBehindProxy(config: { poolSize?: number } = {}) {
  const database = await testDatabase()
  const { proxy, url } = await startProxy(database.url)
  const connection = await database.open({ databaseUrl: url, ...config })
  // Prisma's first query takes long, and not only its own time: before the clock runs.
  await connection.prisma.machine.count()
  const session = await connection.startSession({ intervalSeconds: 1 })
  onTestFinished(() => proxy.heal())
  return { database, proxy, connection, session }
}

/** When a signal aborted, on this program's monotonic clock, and why. */
async function stopped(signal: AbortSignal): Promise<{ at: number; reason: unknown }> {
  const reason = await aborted(signal)
  return { at: performance.now(), reason }
}

/** From when on others may take over, on this program's clock, never later than in truth: to be asked when no beat gets through. */
async function takeoverAt(database: TestDatabase, sessionId: string): Promise<number> {
  const askedAt = performance.now()
  const rows = await database.sql<{ left: number }>(
    `SELECT extract(epoch FROM session_deadline - clock_timestamp())::float8 * 1000 AS left FROM session_leases
     WHERE session_id = $1::uuid`,
    sessionId,
  )
  return askedAt + rows[0]!.left
}

const deadline = { code: 'ERR_SESSION_EXPIRED', reason: 'deadline' }

describe('promise 3: stop in time', () => {
  test('the signal aborts before the deadline when a beat blocks on a lock', async () => {
    const { database, session } = await testSession(1)
    const stopping = stopped(session.signal)
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('SELECT 1 FROM session_leases FOR UPDATE')
    const takeover = await takeoverAt(database, session.id)
    const { at, reason } = await stopping
    expect(reason).toMatchObject(deadline)
    expect(at).toBeLessThan(takeover)
    expect(session.expired).toBe(true)
    expect(session.remainingMs()).toBe(0)
  })

  test('the signal aborts before the deadline when the peer is dead', async () => {
    const { database, proxy, session } = await sessionBehindProxy()
    const stopping = stopped(session.signal)
    proxy.silence()
    const takeover = await takeoverAt(database, session.id)
    const { at, reason } = await stopping
    expect(reason).toMatchObject(deadline)
    expect(at).toBeLessThan(takeover)
  })

  test('the signal aborts before the deadline when no connection can be had, and not at the first failure', async () => {
    const { database, proxy, session } = await sessionBehindProxy()
    const before = proxy.counts.connections
    const stopping = stopped(session.signal)
    proxy.refuse()
    const takeover = await takeoverAt(database, session.id)
    const { at, reason } = await stopping
    expect(reason).toMatchObject(deadline)
    expect(at).toBeLessThan(takeover)
    expect(proxy.counts.connections - before).toBeGreaterThan(1)
  })

  test('work is told in the same moment, with the same reason', async () => {
    const { database, proxy, connection, session } = await sessionBehindProxy()
    const machine = await connection.prisma.machine.create({ data: {} })
    await rejection(
      session.work(machine.id, 'P', async (work) => {
        const stopping = stopped(work.signal)
        proxy.silence()
        const takeover = await takeoverAt(database, session.id)
        const { at, reason } = await stopping
        expect(reason).toBe(session.signal.reason)
        expect(at).toBeLessThan(takeover)
        throw new Error('stopped')
      }),
    )
  })

  test('a transact whose statement blocks rejects at the deadline, and its function is told', async () => {
    const { database, session } = await testSession(1)
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('SELECT 1 FROM session_leases FOR UPDATE')
    const takeover = await takeoverAt(database, session.id)
    let told: Promise<unknown> | undefined
    const error = await rejection(
      session.transact(async (tx, { signal }) => {
        told = aborted(signal)
        await tx.$queryRaw`SELECT 1 AS one FROM pg_sleep(60)`
      }),
    )
    expect(performance.now()).toBeLessThan(takeover)
    expect(error).toMatchObject(deadline)
    if (told !== undefined) expect(await told).toBe(error)
  })

  test('a transact that waits for a full pool rejects at the deadline', async () => {
    const { database, connection, session } = await sessionBehindProxy({ poolSize: 1 })
    const long = await connection.startSession({ intervalSeconds: 60 })
    const held = gate()
    const released = gate()
    const holding = long.transact(() => {
      held.open()
      return released.opened
    })
    await held.opened
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('SELECT 1 FROM session_leases FOR UPDATE')
    const takeover = await takeoverAt(database, session.id)
    const error = await rejection(session.transact(async () => {}))
    expect(performance.now()).toBeLessThan(takeover)
    expect(error).toMatchObject(deadline)
    await other.query('ROLLBACK')
    released.open()
    await holding
  })

  test('a program that was frozen past its deadline knows it in its first moment, before any timer ran', async () => {
    const { connection } = await testSession()
    const session = await connection.startSession({ intervalSeconds: 1 })
    const end = performance.now() + 1_100
    while (performance.now() < end);
    expect(session.expired).toBe(true)
    expect(session.remainingMs()).toBe(0)
    const transacting = rejection(session.transact(async () => {}))
    expect(session.signal.reason).toMatchObject(deadline)
    expect(await transacting).toBe(session.signal.reason)
  })

  test('past its deadline a session does not ask the database, and does not come back with it', async () => {
    const { database, proxy, session } = await sessionBehindProxy()
    proxy.silence()
    const reason = await aborted(session.signal)
    expect(await rejection(session.transact(async () => {}))).toBe(reason)
    proxy.restore()
    expect(await rejection(session.transact(async () => {}))).toBe(reason)
    expect(session.remainingMs()).toBe(0)
    expect(
      await database.sql('SELECT 1 FROM pg_stat_activity WHERE application_name LIKE $1', `%${session.id}%`),
    ).toEqual([])
  })

  test('the local deadline lies before that of the database, beat after beat', async () => {
    const { database, session } = await testSession(1)
    for (let look = 0; look < 8; look++) {
      const [row] = await database.sql<{ left: number }>(
        'SELECT extract(epoch FROM session_deadline - clock_timestamp())::float8 * 1000 AS left FROM session_leases',
      )
      // Looked at later here than there, so that a beat in between could only make it longer: asked again then.
      const leftHere = session.remainingMs()
      const [again] = await database.sql<{ left: number }>(
        'SELECT extract(epoch FROM session_deadline - clock_timestamp())::float8 * 1000 AS left FROM session_leases',
      )
      expect(leftHere).toBeLessThan(Math.max(row!.left, again!.left))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(session.expired).toBe(false)
  })

  test('a blocked statement of one session does not keep the signal of another from aborting', async () => {
    const { database, connection, session } = await testSession(1)
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('LOCK TABLE machines, session_leases IN ACCESS EXCLUSIVE MODE')
    const counting = connection.prisma.machine.count()
    await somebodyWaits(database)
    expect(await aborted(session.signal)).toMatchObject(deadline)
    await other.query('ROLLBACK')
    await counting
  })
})
