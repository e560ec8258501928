import { startWireProxy } from '@bmdb/testing'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '@bmdb/core'
import { Pool } from 'pg'
import type { Benchmark, Row } from '../benchmark.ts'
import { addMachines, openBMDB } from '../bmdb.ts'
import { inTurn, perSecond, perSecondText } from '../measure.ts'

/** A guarded transaction with one typed read by key. */
export const transact: Benchmark = {
  name: 'transact',
  about: 'a guarded transaction with one typed read by key, beside the same by hand and the obvious Prisma version',
  async run(context) {
    const url = await context.migrated()
    const [id] = await addMachines(url, 1)
    await using bmdb = await openBMDB(url)
    const { session } = bmdb
    const pool = new Pool({ connectionString: url, max: 10 })
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 10 }) })
    const seconds = context.quick ? 0.3 : 2
    const rows: Row[] = []
    try {
      for (const loops of [1, 10]) {
        const figures = await inTurn(context, {
          BMDB: () =>
            perSecond(loops, seconds, () => session.transact((tx) => tx.machine.findUnique({ where: { id: id! } }))),
          'by hand': () => perSecond(loops, seconds, () => byHand(pool, session.id, id!)),
          Prisma: () => perSecond(loops, seconds, () => byPrisma(prisma, session.id, id!)),
        })
        const figure = perSecondText(figures.BMDB)
        rows.push(
          {
            what: `transact with one typed read, ${loops} at once`,
            against: 'by hand on node-postgres: BEGIN, guard, read, COMMIT, prepared',
            figure,
            other: perSecondText(figures['by hand']),
            value: figures.BMDB / figures['by hand'],
            target: { least: 0.45 },
            chart: figures,
          },
          {
            what: `transact with one typed read, ${loops} at once`,
            against: 'Prisma’s $transaction, the guard as a query',
            figure,
            other: perSecondText(figures.Prisma),
            value: figures.BMDB / figures.Prisma,
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
      text: 'SELECT * FROM machines WHERE machine_id = $1::uuid',
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
    await run()
    const before = proxy.counts.roundTrips
    await run()
    const taken = proxy.counts.roundTrips - before
    rows.push({
      what: `round trips of a transact of ${statements} statement${statements === 1 ? '' : 's'}`,
      against: `its ${statements} and two: the guard is free`,
      figure: String(taken),
      other: String(statements + 2),
      value: taken,
      target: { most: statements + 2 },
    })
  }
  return rows
}
