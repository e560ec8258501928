import { claimable } from '@bmdb/core'
import { startWireProxy } from '@bmdb/testing'
import type { Benchmark, Context, Row } from '../benchmark.ts'
import { addMachines, openBMDB, withPool, type Opened } from '../bmdb.ts'
import { inTurn, perSecond, perSecondText } from '../measure.ts'
import { graphileWorker } from '../peers/graphile-worker.ts'
import { pgBoss } from '../peers/pg-boss.ts'

const loops = 10

function some(ids: readonly string[], count: number): string[] {
  const from = Math.floor(Math.random() * Math.max(1, ids.length - count))
  return ids.slice(from, from + count)
}

async function claimAndFinish({ session }: Opened, ids: readonly string[]): Promise<void> {
  const work = await session.startWork('Bench', some(ids, 20))
  await work?.finish()
}

async function claimableAndFinish({ session }: Opened): Promise<void> {
  const work = await session.startWork('Bench', (tx) => claimable(tx, 'Bench', { limit: 20 }))
  await work?.finish()
}

/** Claims and finishes as many as `batch` at once. @returns how many */
async function batchOf({ session }: Opened, ids: readonly string[], batch: number): Promise<number> {
  const works = await session.startWorkMany('Bench', some(ids, batch * 2), { limit: batch })
  await Promise.all(works.map((work) => work.finish()))
  return works.length
}

/** Claim and finish, beside two queues that fetch and complete. */
export const claims: Benchmark = {
  name: 'claims',
  about: 'claim and finish, history and token included, one machine at a time and in batches of 100, beside two queues',
  async run(context) {
    const url = await context.migrated()
    const ids = await addMachines(url, context.quick ? 1_000 : 20_000)
    await using bmdb = await openBMDB(url, { poolSize: loops })
    const jobs = context.quick ? 200 : 3_000
    await using graphile = await graphileWorker(await context.database())
    await using boss = await pgBoss(await context.database(), loops)
    const seconds = context.quick ? 0.4 : 3
    const single = await inTurn(context, {
      BMDB: () => perSecond(loops, seconds, () => claimAndFinish(bmdb, ids)),
      'BMDB with claimable': () => perSecond(loops, seconds, () => claimableAndFinish(bmdb)),
      'graphile-worker': () => graphile.single(jobs, loops),
      'pg-boss': () => boss.single(jobs, loops),
    })
    const batched = await inTurn(context, {
      BMDB: async () => {
        let done = 0
        const rounds = await perSecond(loops, seconds, async () => (done += await batchOf(bmdb, ids, 100)))
        return done === 0 ? 0 : rounds * 100
      },
      'graphile-worker': () => graphile.batched(jobs * 5),
      'pg-boss': () => boss.batched(jobs * 5, loops, 100),
    })
    return [
      ...rowsOf('claim + finish, one at a time, 10 loops', single, 0.7),
      ...rowsOf('claim + finish in batches of 100', batched, 0.45),
      ...(await roundTrips(context)),
    ]
  },
}

function rowsOf(
  what: string,
  figures: Readonly<Record<'BMDB' | 'graphile-worker' | 'pg-boss', number>>,
  graphileLeast: number,
): Row[] {
  return (['pg-boss', 'graphile-worker'] as const).map((peer) => ({
    what,
    against: peer,
    figure: perSecondText(figures.BMDB),
    other: perSecondText(figures[peer]),
    value: figures.BMDB / figures[peer],
    target: { least: peer === 'pg-boss' ? 1 : graphileLeast },
    chart: peer === 'pg-boss' ? figures : undefined,
  }))
}

async function roundTrips(context: Context): Promise<Row[]> {
  const url = await context.migrated()
  const [id] = await addMachines(url, 1)
  await using proxy = await startWireProxy(url)
  await using bmdb = await openBMDB(proxy.url, { poolSize: 1 })
  const { session, connection } = bmdb
  const counted = async (run: () => Promise<unknown>): Promise<number> => {
    const before = proxy.counts.roundTrips
    await run()
    return proxy.counts.roundTrips - before
  }
  // Statements are prepared the first time, in the same round trip.
  const first = await session.startWork('Bench', [id!])
  await first!.finish()
  let work = null as Awaited<ReturnType<typeof session.startWork>>
  const claim = await counted(async () => (work = await session.startWork('Bench', [id!])))
  const finish = await counted(() => work!.finish())
  const holder = await connection.startSession({ intervalSeconds: 60 })
  await holder.startWork('Bench', [id!])
  await withPool(url, (pool) =>
    pool.query(`UPDATE session_leases SET session_deadline = now() - interval '1 second' WHERE session_id = $1`, [
      holder.id,
    ]),
  )
  const takeover = await counted(() => session.startWork('Bench', [id!]))
  const row = (what: string, taken: number, most: number): Row => ({
    what: `round trips of a ${what}`,
    against: 'the fewest there can be',
    figure: String(taken),
    other: String(most),
    value: taken,
    target: { most },
  })
  return [row('claim', claim, 1), row('finish', finish, 1), row('takeover', takeover, 2)]
}
