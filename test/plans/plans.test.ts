import { BMDB, claimable, type PrismaClient, type Session } from '@bmdb/core'
import type { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { explainingServer, largeScans } from './auto-explain.ts'

const machines = 10_000
const held = machines / 10

/** Fills the tables: each machine touched once, a tenth of them held, the longest untouched ones. */
async function fill(admin: Client, holderId: string): Promise<void> {
  await admin.query(
    `INSERT INTO machines (machine_id, machine_created_at)
     SELECT gen_random_uuid(), now() - interval '9 days' + n * interval '1 s' FROM generate_series(1, ${machines}) AS n`,
  )
  await admin.query(
    `INSERT INTO work_tokens (machine_id, process, token, touched_at)
     SELECT machine_id, 'P', 1, machine_created_at + interval '1 day' FROM machines`,
  )
  await admin.query(
    `INSERT INTO work_history (work_history_id, machine_id, process, event, session_id, component_name, work_token)
     SELECT gen_random_uuid(), machine_id, 'P', 'Started', gen_random_uuid(), 'test', 1 FROM machines`,
  )
  await admin.query(
    `INSERT INTO work_backoff (machine_id, process, until, cause, last_interval_seconds)
     SELECT machine_id, 'P', now() - interval '1 h', '', 1 FROM machines`,
  )
  await admin.query(
    `WITH s AS (INSERT INTO sessions (session_id, session_component_name, session_runtime_info, session_interval_seconds)
                SELECT gen_random_uuid(), 'test', '', 3600 FROM generate_series(1, 5000) RETURNING session_id)
     INSERT INTO session_leases (session_id, session_deadline) SELECT session_id, now() + interval '1 hour' FROM s`,
  )
  await admin.query(
    `INSERT INTO work (machine_id, session_id, process, work_token)
     SELECT machine_id, $1::uuid, 'P', 1 FROM machines ORDER BY machine_created_at LIMIT ${held}`,
    [holderId],
  )
}

/** Everything that programs do again and again. */
async function everything(admin: Client, url: string): Promise<void> {
  const connection = await new BMDB({ databaseUrl: url, componentName: 'test' }).open()
  onTestFinished(() => connection.close())
  const session = await connection.startSession({ intervalSeconds: 3 })
  const { rows } = await admin.query<{ id: string }>(
    'SELECT machine_id AS id FROM machines ORDER BY machine_created_at DESC LIMIT 200',
  )
  const ids = rows.map((row) => row.id)
  const listed = (await session.startWork('P', ids.slice(0, 20)))!
  await session.transact((tx) => tx.machine.findUnique({ where: { id: ids[0]! } }))
  await listed.transact((tx) => tx.machine.findUnique({ where: { id: ids[0]! } }))
  await listed.finish((tx) => tx.machine.findUnique({ where: { id: ids[0]! } }))
  const found = await session.startWork('P', (tx) => claimable(tx, 'P', { limit: 20 }))
  await found!.finish()
  const many = await session.startWorkMany('P', ids.slice(20, 120), { limit: 50 })
  expect(many).toHaveLength(50)
  await many[0]!.fail('on purpose', { initialSeconds: 1 })
  await many[1]!.cancel()
  await Promise.all(many.slice(2).map((work) => work.finish()))
  await session.work(ids[150]!, 'P', () => {})
  await connection.history(ids[0]!)
  await takeOver(admin, session, await connection.startSession({ intervalSeconds: 3_600 }), ids[180]!)
  await new Promise((resolve) => setTimeout(resolve, 1_300))
  await session.close()
}

async function takeOver(
  admin: Client,
  session: Session<PrismaClient>,
  dead: Session<PrismaClient>,
  machineId: string,
): Promise<void> {
  expect(await dead.startWork('P', [machineId])).not.toBeNull()
  await admin.query(`UPDATE session_leases SET session_deadline = now() - interval '1 s' WHERE session_id = $1`, [
    dead.id,
  ])
  expect(await session.startWork('P', [machineId])).not.toBeNull()
}

async function holder(url: string): Promise<string> {
  const connection = await new BMDB({ databaseUrl: url, componentName: 'holder' }).open()
  onTestFinished(() => connection.close())
  return (await connection.startSession({ intervalSeconds: 3_600 })).id
}

test.each(['small', 'large'])(
  'no hot statement reads a whole table that is large, by statistics of when tables were %s',
  { timeout: 60_000 },
  async (were) => {
    const { url, admin, wholeScans, planCacheMode } = await explainingServer()
    const holderId = await holder(url)
    if (were === 'small') await admin.query('ANALYZE')
    await fill(admin, holderId)
    if (were === 'large') {
      await admin.query('ANALYZE')
      await admin.query(`DELETE FROM work WHERE machine_id IN (SELECT machine_id FROM work LIMIT ${held - 50})`)
      await admin.query('DELETE FROM work_backoff')
      await admin.query('VACUUM')
    }
    // What PostgreSQL plans with the values at hand, and what it comes to use for prepared statements and never takes back.
    for (const mode of ['auto', 'force_generic_plan'] as const) {
      await planCacheMode(mode)
      await everything(admin, url)
    }
    // What `claimable` asks is planned each time, and looks for machines that were never touched; a benchmark watches how it
    // grows. Here it is enough that it ends in time, whatever the statistics.
    const ofClaimable = /^(SELECT "public"|WITH conflicting)/
    const scans = wholeScans().filter(({ statement }) => !ofClaimable.test(statement))
    expect(await largeScans(admin, scans)).toEqual([])
  },
)

test('a scan of a whole table would be seen, and a sweep scans nothing but the leases', async () => {
  const { url, admin, wholeScans } = await explainingServer()
  await fill(admin, await holder(url))
  await admin.query(
    `UPDATE session_leases SET session_deadline = now() - interval '1 h'
     WHERE session_id IN (SELECT session_id FROM session_leases WHERE session_deadline < now() + interval '1 hour' LIMIT 1000)`,
  )
  const connection = await new BMDB({ databaseUrl: url, componentName: 'test' }).open()
  onTestFinished(() => connection.close())
  expect(await connection.sweep({ limit: 500 })).toMatchObject({ sessions: 500 })
  const swept = await largeScans(admin, wholeScans())
  expect(swept.filter((scan) => !scan.startsWith('session_leases: '))).toEqual([])
  await connection.prisma.$queryRaw`SELECT count(*)::int4 FROM machines WHERE machine_created_at::text LIKE 'x%'`
  expect((await largeScans(admin, wholeScans())).some((scan) => scan.startsWith('machines: '))).toBe(true)
})
