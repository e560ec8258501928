import { claimable } from '@bmdb/core'
import type { Benchmark, Context, Row } from '../benchmark.ts'
import { openBMDB, settle, withPool, type Opened } from '../bmdb.ts'
import { inTurn, measuredMsText, median, medians, msOf } from '../measure.ts'

const placements = ['spread', 'at the head of the order'] as const
type Placement = (typeof placements)[number]

/** Claims by `claimable`, as the number of machines grows. */
export const claimLatency: Benchmark = {
  name: 'claim-latency',
  about: 'claim by claimable with up to a million machines, a tenth of them held, beside a thousand',
  reading: `What a worker without an order of its own calls: \`startWork\` with \`claimable\`, longest untouched first, from the call to
the work. Every machine was claimed before, and a tenth is held by a live session: once spread over the order, and once
at its head, which is where "longest untouched first" puts what is held for long. A claim of machines that the caller
names does not depend on how many there are.`,
  async run(context) {
    const sizes = context.quick ? [100, 1_000] : [1_000, 100_000, 1_000_000]
    const rows: Row[] = []
    const fleets = new Map<string, { url: string; bmdb: Opened }>()
    try {
      for (const size of sizes) {
        context.tell(`filling a database with ${size.toLocaleString('en')} machines`)
        const url = await fill(context, size)
        fleets.set(size.toLocaleString('en'), { url, bmdb: await openBMDB(url) })
      }
      for (const placement of placements) rows.push(...(await compare(context, fleets, placement)))
    } finally {
      for (const { bmdb } of fleets.values()) await bmdb[Symbol.asyncDispose]()
    }
    return rows
  },
}

async function compare(
  context: Context,
  fleets: ReadonlyMap<string, { url: string; bmdb: Opened }>,
  placement: Placement,
): Promise<Row[]> {
  for (const { url, bmdb } of fleets.values()) await hold(url, bmdb, placement)
  context.tell(`held ones ${placement}`)
  const turns = [...fleets].map(([size, { bmdb }]) => [size, () => latency(context, bmdb)] as const)
  const figures = await inTurn(context, Object.fromEntries(turns))
  const [smallest, ...larger] = [...fleets.keys()] as [string, ...string[]]
  return larger.map((size, index) => ({
    what: `claim with ${size} machines, a tenth held, ${placement}`,
    against: `with ${smallest}`,
    figure: measuredMsText(figures[size]!),
    other: measuredMsText(figures[smallest]!),
    value: figures[size]!.median / figures[smallest]!.median,
    target: { most: 2 },
    chart: index === larger.length - 1 ? { unit: 'ms', figures: medians(figures) } : undefined,
  }))
}

/** Machines that were touched once each, one after the other: the oldest touched are the head of the order. */
async function fill(context: Context, size: number): Promise<string> {
  const url = await context.migrated()
  await withPool(url, async (pool) => {
    await pool.query(
      `INSERT INTO machines (machine_id, machine_created_at)
       SELECT gen_random_uuid(), now() - interval '2 days' + n * interval '1 millisecond' FROM generate_series(1, $1) AS n`,
      [size],
    )
    await pool.query(
      `INSERT INTO work_tokens (machine_id, process, token, touched_at)
       SELECT machine_id, 'Bench', 1, machine_created_at + interval '1 day' FROM machines`,
    )
  })
  return url
}

/** Has a session of its own hold a tenth of the machines, and nobody anything else. */
async function hold(url: string, { connection }: Opened, placement: Placement): Promise<void> {
  const holder = await connection.startSession({ intervalSeconds: 3_600 })
  await withPool(url, async (pool) => {
    await pool.query('DELETE FROM work')
    await pool.query(
      `INSERT INTO work (machine_id, session_id, process, work_token)
       SELECT machine_id, $1::uuid, 'Bench', token FROM work_tokens
       ORDER BY ${placement === 'spread' ? 'machine_id' : 'touched_at'} LIMIT (SELECT count(*) / 10 FROM machines)`,
      [holder.id],
    )
    await settle(url)
    await pool.query('CHECKPOINT')
  })
}

/** The median of twenty claims, each finished again; of fewer where they take long. */
async function latency({ quick, signal }: Context, { session }: Opened): Promise<number> {
  const times: number[] = []
  const endMs = performance.now() + 4_000
  for (let claim = 0; claim < (quick ? 5 : 20) && (claim < 3 || performance.now() < endMs); claim++) {
    signal.throwIfAborted()
    let work = null as Awaited<ReturnType<typeof session.startWork>>
    times.push(await msOf(async () => (work = await session.startWork('Bench', (tx) => claimable(tx, 'Bench')))))
    if (work === null) throw new Error('no machine was claimed, and nine of ten are free')
    await (work as NonNullable<typeof work>).finish()
  }
  return median(times)
}
