import { claimable } from '@bmdb/core'
import type { Benchmark, Context } from '../benchmark.ts'
import { openBMDB, withPool } from '../bmdb.ts'
import { median, msOf, msText } from '../measure.ts'

const placements = ['spread', 'at the head of the order'] as const
type Placement = (typeof placements)[number]

/** Claims by `claimable`, as the number of machines grows. */
export const claimLatency: Benchmark = {
  name: 'claim-latency',
  about: 'claim by claimable with up to a million machines, a tenth of them held, beside a thousand',
  async run(context) {
    const sizes = context.quick ? [100, 1_000] : [1_000, 100_000, 1_000_000]
    const figures = new Map<string, number>()
    for (const placement of placements)
      for (const size of sizes) {
        context.signal.throwIfAborted()
        const ms = await latency(context, size, placement)
        figures.set(`${placement} ${size}`, ms)
        context.tell(`${size.toLocaleString('en')} machines, held ones ${placement}: ${msText(ms)}`)
      }
    return placements.flatMap((placement) =>
      sizes.slice(1).map((size) => {
        const own = figures.get(`${placement} ${size}`)!
        const base = figures.get(`${placement} ${sizes[0]}`)!
        return {
          what: `claim with ${size.toLocaleString('en')} machines, a tenth held, ${placement}`,
          against: `with ${sizes[0]!.toLocaleString('en')}`,
          figure: msText(own),
          other: msText(base),
          value: own / base,
          target: { most: 2 },
          chart:
            size === sizes.at(-1)
              ? Object.fromEntries(sizes.map((one) => [one.toLocaleString('en'), figures.get(`${placement} ${one}`)!]))
              : undefined,
        }
      }),
    )
  },
}

/** The median of some claims, each finished again. */
async function latency(context: Context, size: number, placement: Placement): Promise<number> {
  const url = await context.migrated()
  await using bmdb = await openBMDB(url)
  const { session, connection } = bmdb
  const holder = await connection.startSession({ intervalSeconds: 3_600 })
  await withPool(url, async (pool) => {
    // Each machine was touched once, one after the other; the oldest touched are the head of the order.
    await pool.query(
      `INSERT INTO machines (machine_id, machine_created_at)
       SELECT gen_random_uuid(), now() - interval '2 days' + n * interval '1 millisecond' FROM generate_series(1, $1) AS n`,
      [size],
    )
    await pool.query(
      `INSERT INTO work_tokens (machine_id, process, token, touched_at)
       SELECT machine_id, 'Bench', 1, machine_created_at + interval '1 day' FROM machines`,
    )
    const tenth = Math.floor(size / 10)
    await pool.query(
      `INSERT INTO work (machine_id, session_id, process, work_token)
       SELECT machine_id, $1::uuid, 'Bench', 1 FROM machines
       ORDER BY ${placement === 'spread' ? 'machine_id' : 'machine_created_at'} LIMIT ${tenth}`,
      [holder.id],
    )
    await pool.query('VACUUM ANALYZE')
  })
  const times: number[] = []
  for (let claim = 0; claim < (context.quick ? 5 : 40); claim++) {
    let work = null as Awaited<ReturnType<typeof session.startWork>>
    times.push(await msOf(async () => (work = await session.startWork('Bench', (tx) => claimable(tx, 'Bench')))))
    await work!.finish()
  }
  // The first ones plan and load.
  return median(times.slice(context.quick ? 1 : 10))
}
