import { describe, expect, onTestFinished, test } from 'vitest'
import type { PrismaClient, Session, Work } from '../src/index.ts'
import { beat, type BeatRow } from '../src/sql/sessions.ts'
import { eventually, plainClient, recordingMetrics } from './helpers.ts'
import { testDatabase, type TestDatabase } from './setup.ts'
import { addMachines, noBeats } from './work-setup.ts'

const workers = 6

interface Worker {
  readonly session: Session<PrismaClient>
  readonly work: Work<PrismaClient>
  readonly machineId: string
  readonly beats: Beats
}

/**
 * Beats of one session, one after the other without a pause, by the library's own statement and on a connection like
 * that of its beats: one that waits for a lock is refused after 100 ms.
 */
class Beats {
  acknowledged = 0
  failure: unknown
  readonly #ended: Promise<void>
  #over = false

  private constructor(client: Awaited<ReturnType<typeof plainClient>>, sessionId: string) {
    this.#ended = (async () => {
      while (!this.#over) {
        const { rows } = await client.query<BeatRow & { [column: string]: unknown }>(beat('postgresql', sessionId, 60))
        if (rows[0]?.alive !== true) throw new Error('a beat was refused')
        this.acknowledged += 1
      }
    })().catch((error: unknown) => {
      this.failure = error
    })
  }

  static async start(database: TestDatabase, sessionId: string): Promise<Beats> {
    const client = await plainClient(database)
    await client.query(`SET lock_timeout = '100ms'`)
    const beats = new Beats(client, sessionId)
    onTestFinished(() => beats.end())
    return beats
  }

  /** Resolves once that many more were acknowledged; rejects when one of them failed. */
  async more(count: number): Promise<void> {
    const target = this.acknowledged + count
    await eventually(`${count} beats`, () => {
      if (this.failure !== undefined) throw this.failure
      return this.acknowledged >= target
    })
  }

  async end(): Promise<void> {
    this.#over = true
    await this.#ended
  }
}

/** Workers that each hold a machine, and what counts the retries of their transactions. */
async function beatingWorkers() {
  const database = await testDatabase()
  const metrics = recordingMetrics()
  const connection = await database.open({ metrics })
  const machineIds = await addMachines(database, workers)
  await database.sql(`INSERT INTO machine_bmc (machine_id, bmc_address) SELECT machine_id, '0' FROM machines`)
  const made = await Promise.all(
    machineIds.map(async (machineId): Promise<Worker> => {
      const session = await connection.startSession(noBeats)
      const work = (await session.startWork('P', [machineId]))!
      return { session, work, machineId, beats: await Beats.start(database, session.id) }
    }),
  )
  const retries = (reason: string) => metrics.counted('bmdb_transaction_retries_total', { reason })
  return { database, made, retries }
}

const ways = ['session.transact', 'work.transact', 'finish'] as const

function transact(
  { session, work }: Worker,
  way: (typeof ways)[number],
  fn: Parameters<Session<PrismaClient>['transact']>[0],
  timeoutMs = 15_000,
): Promise<unknown> {
  if (way === 'session.transact') return session.transact(fn, { timeoutMs })
  if (way === 'work.transact') return work.transact(fn, { timeoutMs })
  return work.finish(async (tx, details) => void (await fn(tx, details)), { timeoutMs })
}

describe(`promise 13: beats and transactions do not meet, however many there are of both (${workers} workers)`, () => {
  test('in a transaction that is open for 50 beats of its session none of them waits, and none makes it fail', async () => {
    const { database, made, retries } = await beatingWorkers()
    const attempts: number[] = []
    await Promise.all(
      made.map(async (worker) => {
        for (const way of ways)
          await transact(worker, way, async (tx, { attempt }) => {
            attempts.push(attempt)
            const { machineId, beats } = worker
            const { address } = await tx.bmc.findUniqueOrThrow({ where: { machineId } })
            await beats.more(25)
            await tx.bmc.update({ where: { machineId }, data: { address: String(Number(address) + 1) } })
            await beats.more(25)
          })
      }),
    )
    await Promise.all(made.map(({ beats }) => beats.end()))
    expect(made.map(({ beats }) => beats.failure)).toEqual(made.map(() => undefined))
    expect(attempts).toEqual(Array.from({ length: workers * ways.length }, () => 1))
    expect(retries('40001')).toBe(0)
    expect(await database.sql('SELECT DISTINCT bmc_address FROM machine_bmc')).toEqual([
      { bmc_address: String(ways.length) },
    ])
  })

  test('a beat that is under way holds up no transaction, and makes none fail', async () => {
    const { database, made, retries } = await beatingWorkers()
    const client = await plainClient(database)
    await client.query('BEGIN')
    for (const { session, beats } of made) {
      await beats.end()
      await client.query(beat('postgresql', session.id, 60))
    }
    await Promise.all(
      made.map(async (worker) => {
        // One that waited for the beat would wait until it is given up.
        for (const way of ways) await transact(worker, way, (tx) => tx.machine.create({ data: {} }), 5_000)
      }),
    )
    await client.query('COMMIT')
    expect(retries('40001')).toBe(0)
  })

  test('of 700 short transactions among beats without a pause none fails with 40001', { timeout: 60_000 }, async () => {
    const { made, retries } = await beatingWorkers()
    const nothing = (): Promise<void> => Promise.resolve()
    const sessions = made.map(async ({ session }) => {
      for (let n = 0; n < 100; n++) await session.transact(nothing)
    })
    // One after the other: serializable transactions that write the same page fail because of each other.
    const works = (async () => {
      for (let n = 0; n < 100; n++) await made[n % workers]!.work.transact(nothing)
    })()
    await Promise.all([...sessions, works])
    await Promise.all(made.map(({ beats }) => beats.end()))
    expect(made.map(({ beats }) => beats.failure)).toEqual(made.map(() => undefined))
    const acknowledged = made.reduce((sum, { beats }) => sum + beats.acknowledged, 0)
    expect(acknowledged).toBeGreaterThan(350)
    expect(retries('40001')).toBe(0)
  })
})
