import { claimable } from '@bmdb/core'
import { startWireProxy } from '@bmdb/testing'
import type { Benchmark, Context, Row } from '../benchmark.ts'
import { addMachines, letExpire, openBMDB, settle, type Opened } from '../bmdb.ts'
import { inTurn, medians, perSecondText, unitsPerSecond, type Measured } from '../measure.ts'
import { graphileWorker } from '../peers/graphile-worker.ts'
import { pgBoss } from '../peers/pg-boss.ts'

const loops = 10
const batch = 100

/** Claim and finish, beside two queues that fetch and complete. */
export const claims: Benchmark = {
  name: 'claims',
  about: 'claim and finish, history and token included, one machine at a time and in batches of 100, beside two queues',
  reading: `A claim locks a machine, counts its token up and writes its history; a finish deletes the lock and writes the history
again. The queues do less and more: graphile-worker deletes a job when it is done, keeps no history, and lets a worker
that lost a job complete it all the same; pg-boss keeps the job's row, and fences the completion as it is called here.
Both choose the job themselves. In the rows BMDB's caller names twenty machines (two hundred for a batch) and BMDB claims
the first that are free; the note says how fast it is where \`claimable\` chooses them, which is what a worker without an
order of its own calls. Each candidate has a database of its own, cleaned and analysed before each turn, and pg-boss begins
each turn with the same queue: otherwise its figures differ by a factor of three from turn to turn. In batches
graphile-worker runs with the settings of its own measurements.`,
  async run(context) {
    const { quick, signal } = context
    const url = await context.migrated()
    const ids = await addMachines(url, quick ? 5_000 : 20_000)
    await using bmdb = await openBMDB(url, { poolSize: loops })
    const jobs = quick ? 300 : 4_000
    await using graphile = await graphileWorker(await context.database())
    await using boss = await pgBoss(await context.database(), loops)
    const seconds = quick ? 0.5 : 3
    const rate = (run: () => Promise<number>) => async () => {
      await settle(url)
      return unitsPerSecond(signal, loops, seconds, run)
    }
    const single = await inTurn(context, {
      BMDB: rate(() => claimAndFinish(bmdb, ids)),
      'BMDB, claimable chooses': rate(() => claimableAndFinish(bmdb)),
      'graphile-worker': () => graphile.single(jobs, loops),
      'pg-boss': () => boss.complete(jobs, loops, 1),
    })
    const batched = await inTurn(context, {
      BMDB: rate(() => batchOf(bmdb, ids)),
      'graphile-worker': () => graphile.batched(jobs * 5),
      'pg-boss': () => boss.complete(jobs * 5, loops, batch),
    })
    const choosing = `where claimable chooses: ${perSecondText(single['BMDB, claimable chooses'])}`
    return [
      ...rowsOf('claim + finish, one at a time, 10 loops', single, 0.7, choosing),
      ...rowsOf(`claim + finish in batches of ${batch}, 10 loops`, batched, 0.45),
      ...(await roundTrips(context)),
    ]
  },
}

/** So many of them that stand together, at random. */
function some(ids: readonly string[], count: number): string[] {
  const from = Math.floor(Math.random() * (ids.length - count + 1))
  return ids.slice(from, from + count)
}

async function claimAndFinish({ session }: Opened, ids: readonly string[]): Promise<number> {
  const work = await session.startWork('Bench', some(ids, 20))
  await work?.finish()
  return work === null ? 0 : 1
}

async function claimableAndFinish({ session }: Opened): Promise<number> {
  const work = await session.startWork('Bench', (tx) => claimable(tx, 'Bench', { limit: 20 }))
  await work?.finish()
  return work === null ? 0 : 1
}

async function batchOf({ session }: Opened, ids: readonly string[]): Promise<number> {
  const works = await session.startWorkMany('Bench', some(ids, batch * 2), { limit: batch })
  await Promise.all(works.map((work) => work.finish()))
  return works.length
}

function rowsOf(
  what: string,
  figures: Readonly<Record<'BMDB' | 'graphile-worker' | 'pg-boss', Measured>>,
  graphileLeast: number,
  note?: string,
): Row[] {
  return (['pg-boss', 'graphile-worker'] as const).map((peer) => ({
    what,
    against: peer,
    figure: perSecondText(figures.BMDB),
    other: perSecondText(figures[peer]),
    value: figures.BMDB.median / figures[peer].median,
    target: { least: peer === 'pg-boss' ? 1 : graphileLeast },
    chart: peer === 'pg-boss' ? { unit: '/s', figures: medians(figures) } : undefined,
    note: peer === 'pg-boss' ? note : undefined,
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
  await letExpire(url, holder.id)
  let taken = null as typeof work
  const takeover = await counted(async () => (taken = await session.startWork('Bench', [id!])))
  if (work === null || taken === null) throw new Error('a machine that is free was not claimed')
  const row = (what: string, counts: number, most: number): Row => ({
    what: `round trips of a ${what}`,
    against: 'the fewest there can be',
    figure: String(counts),
    other: String(most),
    value: counts,
    target: { most },
  })
  return [row('claim', claim, 1), row('finish', finish, 1), row('takeover', takeover, 2)]
}
