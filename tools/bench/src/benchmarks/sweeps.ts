import { setTimeout as sleep } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import { Pool } from 'pg'
import { beat } from '../../../../packages/bmdb-core/src/sql/sessions.ts'
import type { Benchmark } from '../benchmark.ts'
import { addMachines, openBMDB, withPool } from '../bmdb.ts'
import { inTurn, msOf, msText, perSecondText, quantile } from '../measure.ts'

const worksEach = 10

/** A sweep of many dead sessions while others beat. */
export const sweeps: Benchmark = {
  name: 'sweeps',
  about: 'sweep of 10,000 dead sessions with 10 pieces of work each, while 1,000 sessions beat',
  async run(context) {
    const [dead, alive] = context.quick ? [100, 50] : [10_000, 1_000]
    const url = await context.migrated()
    const machines = await addMachines(url, dead * worksEach)
    await using bmdb = await openBMDB(url)
    const living = Array.from({ length: alive }, () => randomUUID())
    await addSessions(url, living, 3_600)
    const rates: number[] = []
    // Each beats every 1.67 s, as with the default interval.
    const beating = async (until: Promise<unknown>): Promise<number> => {
      const pool = new Pool({ connectionString: url, max: 10 })
      const times: number[] = []
      let over = false
      void until.finally(() => (over = true)).catch(() => {})
      const sent: Promise<void>[] = []
      for (let n = 0; !over; n++) {
        const id = living[n % living.length]!
        sent.push(msOf(() => pool.query(beat(id, 3_600))).then((ms) => void times.push(ms)))
        await sleep(Math.max(1, (1_670 / alive) * (0.5 + Math.random())))
      }
      await Promise.all(sent)
      await pool.end()
      return quantile(times, 0.99)
    }
    const rounds = Math.min(context.rounds, 3)
    const figures = await inTurn(
      { ...context, rounds },
      {
        'without a sweep': () => beating(sleep(context.quick ? 300 : 4_000)),
        'beside a sweep': async () => {
          const sessions = Array.from({ length: dead }, () => randomUUID())
          await addSessions(url, sessions, -60)
          await addWork(url, sessions, machines)
          const sweeping = (async () => {
            const startMs = performance.now()
            let swept = 0
            for (;;) {
              const { sessions: some, work } = await bmdb.connection.sweep({ limit: 100_000 })
              swept += some * 2 + work
              if (some === 0) break
            }
            rates.push((swept * 1_000) / (performance.now() - startMs))
          })()
          const p99 = await beating(sweeping)
          await sweeping
          return p99
        },
      },
    )
    const rate = quantile(rates.slice(1), 0.5)
    return [
      {
        what: `sweep of ${dead.toLocaleString('en')} dead sessions with ${worksEach} pieces of work each`,
        against: 'a count of rows (sessions, leases, work) removed in a second',
        figure: perSecondText(rate),
        other: '20,000/s',
        value: rate,
        target: { least: 20_000 },
      },
      {
        what: `99th percentile of a beat beside that sweep, ${alive.toLocaleString('en')} sessions beating`,
        against: 'without the sweep',
        figure: msText(figures['beside a sweep']),
        other: msText(figures['without a sweep']),
        value: figures['beside a sweep'] / figures['without a sweep'],
        target: { most: 1.5 },
      },
    ]
  },
}

async function addSessions(url: string, ids: readonly string[], remainingSeconds: number): Promise<void> {
  await withPool(url, (pool) =>
    pool.query(
      `WITH s AS (INSERT INTO sessions (session_id, session_component_name, session_runtime_info, session_interval_seconds)
                  SELECT id, 'bench', '', 60 FROM unnest($1::uuid[]) AS id RETURNING session_id)
       INSERT INTO session_leases (session_id, session_deadline)
       SELECT session_id, now() + $2::float8 * interval '1 second' FROM s`,
      [ids, remainingSeconds],
    ),
  )
}

async function addWork(url: string, sessions: readonly string[], machines: readonly string[]): Promise<void> {
  await withPool(url, async (pool) => {
    await pool.query(
      `INSERT INTO work (machine_id, session_id, process, work_token)
       SELECT m, s[1 + (n - 1) / $3::int4], 'Bench', 1 FROM unnest($1::uuid[]) WITH ORDINALITY AS u(m, n), (SELECT $2::uuid[] AS s) AS a`,
      [machines, sessions, worksEach],
    )
    await pool.query('ANALYZE')
  })
}
