import { setTimeout as sleep } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import { beat } from '../../../../packages/bmdb-core/src/sql/sessions.ts'
import type { Benchmark, Context } from '../benchmark.ts'
import { addMachines, addSessions, openBMDB, settle, withPool, type Opened } from '../bmdb.ts'
import { inTurn, measuredMsText, medians, msOf, msText, perSecondText, quantile, type Measured } from '../measure.ts'

const worksEach = 10
/** How often a session of the default interval beats. */
const beatMs = 5_000 / 3

/** A sweep of many dead sessions while others beat. */
export const sweeps: Benchmark = {
  name: 'sweeps',
  about: 'sweep of 10,000 dead sessions with 10 pieces of work each, while 1,000 sessions beat',
  reading: `Ten thousand sessions with ten pieces of work each are dead, and one program sweeps until nothing is left. What is
counted are the rows that it removes: sessions, leases and work. The rows of history that it writes, one for each piece of
work, come on top and are not counted. A thousand other sessions go on beating meanwhile, each every 1.67 s. A beat's time
is that of its one statement, over ten connections; the p99 without a sweep is taken in the same rounds.`,
  async run(context) {
    const [dead, alive] = context.quick ? [200, 100] : [10_000, 1_000]
    const url = await context.migrated()
    const machines = await addMachines(url, dead * worksEach)
    await using bmdb = await openBMDB(url)
    const living = Array.from({ length: alive }, () => randomUUID())
    await addSessions(url, living, 3_600)
    const rates: number[] = []
    const rounds = Math.min(context.rounds, 3)
    const figures = await inTurn(
      { ...context, rounds },
      {
        'without a sweep': () => beatUntil(url, living, sleep(context.quick ? 500 : 5_000)),
        'beside a sweep': async () => {
          const sessions = Array.from({ length: dead }, () => randomUUID())
          await addSessions(url, sessions, -60)
          await addWork(url, sessions, machines)
          const sweeping = sweepAll(context, bmdb, dead)
          const p99 = await beatUntil(url, living, sweeping)
          rates.push(await sweeping)
          return p99
        },
      },
    )
    const counted = rates.slice(1)
    const rate: Measured = {
      median: quantile(counted, 0.5),
      lowest: Math.min(...counted),
      highest: Math.max(...counted),
    }
    return [
      {
        what: `sweep of ${dead.toLocaleString('en')} dead sessions with ${worksEach} pieces of work each`,
        against: 'rows (sessions, leases, work) removed in a second',
        figure: perSecondText(rate),
        other: '20,000/s',
        value: rate.median,
        target: { least: 20_000 },
      },
      {
        what: `99th percentile of a beat beside that sweep, ${alive.toLocaleString('en')} sessions beating`,
        against: 'without the sweep',
        figure: measuredMsText(figures['beside a sweep']),
        other: measuredMsText(figures['without a sweep']),
        value: figures['beside a sweep'].median / figures['without a sweep'].median,
        target: { most: 1.5 },
        chart: { unit: 'ms', figures: medians(figures) },
      },
    ]
  },
}

/** @returns rows removed in a second */
async function sweepAll({ tell, signal }: Context, { connection }: Opened, dead: number): Promise<number> {
  let sessions = 0
  let rows = 0
  const ms = await msOf(async () => {
    for (;;) {
      const swept = await connection.sweep({ limit: 10_000, timeoutMs: 300_000, signal })
      sessions += swept.sessions
      rows += swept.sessions * 2 + swept.work
      if (swept.sessions === 0) break
    }
  })
  if (sessions !== dead || rows !== dead * (2 + worksEach)) throw new Error(`${sessions} sessions, ${rows} rows swept`)
  tell(`swept ${rows.toLocaleString('en')} rows in ${msText(ms)}`)
  return (rows * 1_000) / ms
}

/** Beats in the sessions' turn until then, each when it is due, whatever becomes of the others. @returns the p99 */
async function beatUntil(url: string, living: readonly string[], until: Promise<unknown>): Promise<number> {
  const times: number[] = []
  let over = false
  void until.catch(() => {}).finally(() => (over = true))
  await withPool(
    url,
    async (pool) => {
      const sent: Promise<void>[] = []
      const startMs = performance.now()
      for (let n = 0; !over; n++) {
        const waitMs = startMs + (n * beatMs) / living.length - performance.now()
        if (waitMs > 0) await sleep(waitMs)
        sent.push(
          msOf(() => pool.query(beat('postgresql', living[n % living.length]!, 3_600))).then(
            (ms) => void times.push(ms),
          ),
        )
      }
      await Promise.all(sent)
    },
    10,
  )
  // Its first ones connect and prepare.
  return quantile(times.slice(50), 0.99)
}

async function addWork(url: string, sessions: readonly string[], machines: readonly string[]): Promise<void> {
  await withPool(url, (pool) =>
    pool.query(
      `INSERT INTO work (machine_id, session_id, process, work_token)
       SELECT m, s[1 + (n - 1) / $3::int4], 'Bench', 1 FROM unnest($1::uuid[]) WITH ORDINALITY AS u(m, n), (SELECT $2::uuid[] AS s) AS a`,
      [machines, sessions, worksEach],
    ),
  )
  await settle(url)
}
