import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { beat } from '../../../../packages/bmdb-core/src/sql/sessions.ts'
import type { Benchmark } from '../benchmark.ts'
import { withPool } from '../bmdb.ts'
import { inTurn, perSecond, perSecondText } from '../measure.ts'

const sessions = 500
const loops = 10

/** Beats as fast as they go, and what becomes of the table that they write. */
export const beats: Benchmark = {
  name: 'beats',
  about: 'beats a second that a database takes, beside a plain UPDATE by key, and the bloat that they leave',
  async run(context) {
    const url = await context.migrated()
    const ids = Array.from({ length: sessions }, () => randomUUID())
    const pool = new Pool({ connectionString: url, max: loops })
    try {
      await pool.query(
        `WITH s AS (INSERT INTO sessions (session_id, session_component_name, session_runtime_info, session_interval_seconds)
                    SELECT id, 'bench', '', 3600 FROM unnest($1::uuid[]) AS id RETURNING session_id)
         INSERT INTO session_leases (session_id, session_deadline) SELECT session_id, now() + interval '1 hour' FROM s`,
        [ids],
      )
      await pool.query('CREATE TABLE plain (id UUID PRIMARY KEY, at TIMESTAMPTZ NOT NULL) WITH (fillfactor = 50)')
      await pool.query('INSERT INTO plain SELECT unnest($1::uuid[]), now()', [ids])
      const any = (): string => ids[Math.floor(Math.random() * ids.length)]!
      const beatOnce = (): Promise<unknown> => pool.query(beat(any(), 3600))
      const updateOnce = (): Promise<unknown> =>
        pool.query({
          name: 'plain',
          text: `UPDATE plain SET at = clock_timestamp() + interval '1 hour' WHERE id = $1::uuid`,
          values: [any()],
        })
      const seconds = context.quick ? 0.4 : 3
      const figures = await inTurn(context, {
        BMDB: () => perSecond(loops, seconds, beatOnce),
        'plain UPDATE': () => perSecond(loops, seconds, updateOnce),
      })
      const minutes = context.quick ? 0.05 : 3
      context.tell(`beating for ${minutes} minutes, to see whether the table grows`)
      await pool.query('VACUUM session_leases')
      const before = await stateOf(url)
      await perSecond(loops, minutes * 60, beatOnce)
      // The server's figures of what happened come a moment later.
      await sleep(1_500)
      const after = await stateOf(url)
      const updates = after.updates - before.updates
      const hot = (after.hot - before.hot) / updates
      return [
        {
          what: `beats of ${sessions} sessions, ${loops} connections`,
          against: 'a plain UPDATE by key on node-postgres',
          figure: perSecondText(figures.BMDB),
          other: perSecondText(figures['plain UPDATE']),
          value: figures.BMDB / figures['plain UPDATE'],
          target: { least: 0.8 },
          chart: figures,
        },
        {
          what: `size of the leases after ${updates.toLocaleString('en')} beats in ${minutes} minutes`,
          against: 'itself before',
          figure: `${after.pages} pages`,
          other: `${before.pages} pages`,
          value: after.pages / before.pages,
          target: { most: 2 },
          note: `${(hot * 100).toFixed(1)} % of the updates in place (HOT), ${after.dead} dead rows in the end`,
        },
      ]
    } finally {
      await pool.end()
    }
  },
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
