import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { beat } from '../../../../packages/bmdb-core/src/sql/sessions.ts'
import type { Benchmark, Context, Row } from '../benchmark.ts'
import { addSessions, settle, withPool } from '../bmdb.ts'
import { inTurn, medians, perSecond, perSecondText } from '../measure.ts'

const sessions = 500
const loops = 10

/** Beats as fast as they go, and what becomes of the table that they write. */
export const beats: Benchmark = {
  name: 'beats',
  about: 'beats a second that a database takes, beside a plain UPDATE by key, and the bloat that they leave',
  reading: `Ten connections send beats of 500 sessions, in no order, as fast as they are answered. Both are one prepared statement in
one round trip through node-postgres, and both tables leave half of each page free. The plain UPDATE writes a time by key
and asks nothing. A beat first locks its lease and judges it by the clock, never moves a deadline back, and returns what
the session holds, from which a program learns what it lost. A real session beats every 1.67 s: what is measured here is
how many of them one database carries. The second row then beats without a pause, and says whether the table grows.`,
  async run(context) {
    const url = await context.migrated()
    const ids = Array.from({ length: sessions }, () => randomUUID())
    await addSessions(url, ids, 3_600)
    await withPool(url, async (pool) => {
      await pool.query('CREATE TABLE plain (id UUID PRIMARY KEY, at TIMESTAMPTZ NOT NULL) WITH (fillfactor = 50)')
      await pool.query('INSERT INTO plain SELECT unnest($1::uuid[]), now()', [ids])
    })
    await settle(url)
    return [await speed(context, url, ids), await bloat(context, url, ids)]
  },
}

const anyOf = (ids: readonly string[]): string => ids[Math.floor(Math.random() * ids.length)]!
const beatOnce = (pool: Pool, ids: readonly string[]): Promise<unknown> =>
  pool.query(beat('postgresql', anyOf(ids), 3_600))

function updateOnce(pool: Pool, ids: readonly string[]): Promise<unknown> {
  return pool.query({
    name: 'plain',
    text: `UPDATE plain SET at = clock_timestamp() + interval '1 hour' WHERE id = $1::uuid`,
    values: [anyOf(ids)],
  })
}

async function speed(context: Context, url: string, ids: readonly string[]): Promise<Row> {
  const seconds = context.quick ? 0.5 : 3
  return withPool(
    url,
    async (pool) => {
      const figures = await inTurn(context, {
        BMDB: () => perSecond(context.signal, loops, seconds, () => beatOnce(pool, ids)),
        'plain UPDATE': () => perSecond(context.signal, loops, seconds, () => updateOnce(pool, ids)),
      })
      return {
        what: `beats of ${sessions} sessions, ${loops} connections`,
        against: 'a plain UPDATE by key on node-postgres',
        figure: perSecondText(figures.BMDB),
        other: perSecondText(figures['plain UPDATE']),
        value: figures.BMDB.median / figures['plain UPDATE'].median,
        target: { least: 0.8 },
        chart: { unit: '/s', figures: medians(figures) },
      }
    },
    loops,
  )
}

async function bloat(context: Context, url: string, ids: readonly string[]): Promise<Row> {
  const seconds = context.quick ? 10 : 180
  context.tell(`beating for ${seconds} s, to see whether the table grows`)
  await settle(url)
  const before = await stateOf(url)
  // Connections of its own: what they did is in the server's figures when they have ended.
  await withPool(url, (pool) => perSecond(context.signal, loops, seconds, () => beatOnce(pool, ids)), loops)
  const after = await stateOf(url)
  const updates = after.updates - before.updates
  const inPlace = ((after.hot - before.hot) * 100) / updates
  return {
    what: `size of the leases after ${updates.toLocaleString('en')} beats in ${seconds} s`,
    against: 'itself before',
    figure: `${after.pages} pages`,
    other: `${before.pages} pages`,
    value: after.pages / before.pages,
    target: { most: 2 },
    note: `${inPlace.toFixed(1)} % of the updates in place (HOT), ${after.dead} dead rows in the end`,
  }
}

async function stateOf(url: string): Promise<{ pages: number; updates: number; hot: number; dead: number }> {
  return withPool(url, async (pool) => {
    const { rows } = await pool.query<{ pages: number; updates: string; hot: string; dead: string }>(
      `SELECT (pg_relation_size('session_leases') / 8192)::int4 AS pages, n_tup_upd AS updates, n_tup_hot_upd AS hot,
              n_dead_tup AS dead
       FROM pg_stat_user_tables WHERE relname = 'session_leases'`,
    )
    const [row] = rows
    return { pages: row!.pages, updates: Number(row!.updates), hot: Number(row!.hot), dead: Number(row!.dead) }
  })
}
