import { startWireProxy } from '@bmdb/testing'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '@bmdb/core'
import { Pool } from 'pg'
import type { Benchmark, Row } from '../benchmark.ts'
import { addMachines, openBMDB } from '../bmdb.ts'
import { inTurn, medians, perSecond, perSecondText } from '../measure.ts'

/** A guarded transaction with one typed read by key. */
export const transact: Benchmark = {
  name: 'transact',
  about: 'a guarded transaction with one typed read by key, beside the same by hand and the obvious Prisma version',
  reading: `All three run the same two statements, serializable: the guard, which locks the session's row, and a read of one
machine by its key. By hand there is nothing in between: no types, no limits, no retries, and no way to find out how a
COMMIT ended whose answer was lost. The Prisma version is \`$transaction\` with the guard as a raw query. BMDB's is Prisma's
client over BMDB's connection, so what it adds to the version by hand is mostly what Prisma does in JavaScript; where the
program and the database share the cores, as here, that counts in full. One at a time measures the round trips, ten at
once the CPU.`,
  async run(context) {
    const url = await context.migrated()
    const [id] = await addMachines(url, 1)
    await using bmdb = await openBMDB(url)
    const { session } = bmdb
    const pool = new Pool({ connectionString: url, max: 10 })
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 10 }) })
    const seconds = context.quick ? 0.5 : 2
    const rows: Row[] = []
    try {
      for (const loops of [1, 10]) {
        const rate = (run: () => Promise<unknown>) => () => perSecond(context.signal, loops, seconds, run)
        const figures = await inTurn(context, {
          BMDB: rate(() => session.transact((tx) => tx.machine.findUnique({ where: { id: id! } }))),
          'by hand': rate(() => byHand(pool, session.id, id!)),
          Prisma: rate(() => byPrisma(prisma, session.id, id!)),
        })
        const what = `transact with one typed read, ${loops} at once`
        const figure = perSecondText(figures.BMDB)
        rows.push(
          {
            what,
            against: 'by hand on node-postgres: BEGIN, guard, read, COMMIT, prepared',
            figure,
            other: perSecondText(figures['by hand']),
            value: figures.BMDB.median / figures['by hand'].median,
            target: { least: 0.45 },
            chart: { unit: '/s', figures: medians(figures) },
          },
          {
            what,
            against: 'Prisma’s $transaction, the guard as a query',
            figure,
            other: perSecondText(figures.Prisma),
            value: figures.BMDB.median / figures.Prisma.median,
            target: { least: 1.5 },
          },
        )
      }
    } finally {
      await pool.end()
      await prisma.$disconnect()
    }
    return [...rows, ...(await roundTrips(url, id!))]
  },
}

async function byHand(pool: Pool, sessionId: string, machineId: string): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE')
    await client.query({
      name: 'guard',
      text: 'SELECT session_id FROM sessions WHERE session_id = $1::uuid FOR KEY SHARE',
      values: [sessionId],
    })
    await client.query({
      name: 'read',
      text: 'SELECT machine_id, machine_created_at FROM machines WHERE machine_id = $1::uuid',
      values: [machineId],
    })
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

async function byPrisma(prisma: PrismaClient, sessionId: string, id: string): Promise<void> {
  await prisma.$transaction(
    async (tx) => {
      await tx.$queryRaw`SELECT session_id FROM sessions WHERE session_id = ${sessionId}::uuid FOR KEY SHARE`
      await tx.machine.findUnique({ where: { id } })
    },
    { isolationLevel: 'Serializable' },
  )
}

async function roundTrips(url: string, id: string): Promise<Row[]> {
  await using proxy = await startWireProxy(url)
  await using bmdb = await openBMDB(proxy.url, { poolSize: 1 })
  const rows: Row[] = []
  for (const statements of [1, 5]) {
    const run = () =>
      bmdb.session.transact(async (tx) => {
        for (let n = 0; n < statements; n++) await tx.machine.findUnique({ where: { id } })
      })
    // Statements are prepared the first time.
    await run()
    const before = proxy.counts.roundTrips
    await run()
    const taken = proxy.counts.roundTrips - before
    rows.push({
      what: `round trips of a transact of ${statements} statement${statements === 1 ? '' : 's'}`,
      against: 'one each, BEGIN and COMMIT: the guard is free',
      figure: String(taken),
      other: String(statements + 2),
      value: taken,
      target: { most: statements + 2 },
    })
  }
  return rows
}
