import { expect, test } from 'vitest'
import { claimable, isBMDBError, type PrismaClient, type Session } from '../src/index.ts'
import { noBeats, pause, testMachines } from './work-setup.ts'

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const seed = 20_261_101
const stressMs = 8_000

test(`promises 1, 2, 4, 8 and 9 hold together under stress (seed ${seed})`, { timeout: 60_000 }, async () => {
  const { connection, database, machineIds } = await testMachines(6)
  await database.sql('CREATE TABLE counters (machine_id UUID PRIMARY KEY, count INT8 NOT NULL)')
  await database.sql('INSERT INTO counters SELECT machine_id, 0 FROM machines')
  const others = [connection, await database.open({ componentName: 'second' })]
  const stop = performance.now() + stressMs
  const successes = new Map(machineIds.map((id) => [id, 0]))
  const unexpected: unknown[] = []
  const done = { claims: 0, expired: 0, closed: 0, swept: 0 }

  const expected = (error: unknown): void => {
    if (error instanceof Meant) return
    if (isBMDBError(error, 'ERR_SESSION_EXPIRED') || isBMDBError(error, 'ERR_WORK_LOST')) return
    if (isBMDBError(error, 'ERR_WORK_CONFLICT') || isBMDBError(error, 'ERR_WORK_BACKOFF')) return
    unexpected.push(error)
  }

  async function step(session: Session<PrismaClient>, random: () => number): Promise<void> {
    const choice = random()
    const machineId = machineIds[Math.floor(random() * machineIds.length)]!
    const options = { ignoreBackoff: true }
    const works =
      choice < 0.3
        ? [await session.startWork('P', (tx) => claimable(tx, 'P', { limit: 3 }), options)]
        : choice < 0.6
          ? await session.startWorkMany(
              'P',
              [...machineIds].sort(() => random() - 0.5),
              { limit: 2, ...options },
            )
          : [await session.startWork('P', [machineId], options)]
    for (const work of works) {
      if (work === null) continue
      done.claims += 1
      // While it holds, nobody else's writes may come between its own.
      const read = 'SELECT count FROM counters WHERE machine_id = $1::uuid'
      const look = async (tx: Raw) =>
        Number((await tx.$queryRawUnsafe<{ count: bigint }[]>(read, work.machineId))[0]!.count)
      let mine = await look(connection.prisma)
      const count = async (tx: Raw) => {
        const found = await look(tx)
        if (found !== mine) unexpected.push(`${work.machineId}: token ${work.token} counted ${mine}, found ${found}`)
        await tx.$executeRawUnsafe('UPDATE counters SET count = count + 1 WHERE machine_id = $1::uuid', work.machineId)
        if (random() < 0.4) await pause(random() * 80)
        if (random() < 0.1) throw new Meant()
      }
      const counted = async (write: Promise<unknown>) => {
        await write
        mine += 1
        successes.set(work.machineId, successes.get(work.machineId)! + 1)
      }
      // Now and then it loses its session in the middle of what follows.
      const losing =
        random() < 0.15
          ? pause(random() * 30)
              .then(() => expire(connection, session))
              .then(() => (done.expired += 1))
          : undefined
      while (random() < 0.6) await counted(work.transact(count)).catch(expected)
      const end = random()
      if (end < 0.3) await counted(work.finish(count)).catch(expected)
      else if (end < 0.5) await work.finish().catch(expected)
      else if (end < 0.7) await work.fail('meant', { initialSeconds: 1 }).catch(expected)
      else if (end < 0.85) await work.cancel().catch(expected)
      await losing
    }
    if (random() < 0.1) {
      done.closed += 1
      await session.close()
    }
  }

  const workers = Array.from({ length: 12 }, async (_, number) => {
    const random = randomOf(seed + number)
    while (performance.now() < stop) {
      const session = await others[number % 2]!.startSession(noBeats)
      while (performance.now() < stop && !session.signal.aborted) {
        await step(session, random).catch(expected)
        await pause(random() * 5)
      }
    }
  })
  const sweepers = others.map(async (one) => {
    while (performance.now() < stop) {
      done.swept += (await one.sweep()).sessions
      await pause(50)
    }
  })
  await Promise.all([...workers, ...sweepers])
  expect(unexpected).toEqual([])

  // Nobody holds anything any more: what is left expires, and is swept.
  await database.sql(`UPDATE session_leases SET session_deadline = now() - interval '1 second'`)
  await connection.sweep()
  expect(await database.sql('SELECT * FROM work')).toEqual([])
  for (const machineId of machineIds) {
    const rows = (await connection.history(machineId, { limit: 10_000 })).reverse()
    const tokens = [...new Set(rows.map((row) => row.token))]
    // One start and one end each, one after the other, by tokens that grow by one.
    expect(rows.map((row) => [row.token, row.event === 'Started'])).toEqual(
      tokens.flatMap((token) => [
        [token, true],
        [token, false],
      ]),
    )
    expect(tokens).toEqual(tokens.map((_, index) => BigInt(index + 1)))
    for (let index = 0; index < rows.length; index += 2) {
      expect(rows[index]!.sessionId).toBe(rows[index + 1]!.sessionId)
      expect(rows[index]!.componentName).toBe(rows[index + 1]!.componentName)
    }
  }
  const counters = await database.sql<{ machine_id: string; count: string }>('SELECT * FROM counters')
  expect(new Map(counters.map((row) => [row.machine_id, Number(row.count)]))).toEqual(successes)
  // It was a stress.
  expect(done.claims).toBeGreaterThan(20)
  expect(Math.min(done.expired, done.closed, done.swept)).toBeGreaterThan(0)
})

/** What is used of Prisma's client here. */
interface Raw {
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>
  $queryRawUnsafe<Rows>(sql: string, ...values: unknown[]): Promise<Rows>
}

/** Moves a session's deadline into the past, on a connection of its own. */
async function expire(connection: { readonly prisma: Raw }, session: { readonly id: string }): Promise<void> {
  await connection.prisma.$executeRawUnsafe(
    `UPDATE session_leases SET session_deadline = now() - interval '0.1 second' WHERE session_id = $1::uuid`,
    session.id,
  )
}

/** What the functions throw on purpose. */
class Meant extends Error {}
