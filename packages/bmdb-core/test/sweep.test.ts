import { describe, expect, test } from 'vitest'
import { BMDB } from '../src/index.ts'
import { testDatabase } from './setup.ts'
import { databaseMs, takenOverMs } from './support/database-clock.ts'
import { deadHolder, eventually, events, noBeats, plainClient, rejection, testMachines } from './work-setup.ts'
import { faults, startProxy } from './proxy.ts'

async function deadSessions(count: number, agoSeconds = 10) {
  const database = await testDatabase()
  const connection = await database.open()
  await database.sql(
    `WITH one AS (
       INSERT INTO sessions SELECT gen_random_uuid(), 'dead', '', now(), 5 FROM generate_series(1, $1) RETURNING session_id
     ), lease AS (
       INSERT INTO session_leases SELECT session_id, now() - $2::float8 * interval '1 second' FROM one RETURNING session_id
     ), machine AS (
       INSERT INTO machines SELECT gen_random_uuid() FROM one RETURNING machine_id
     )
     INSERT INTO work SELECT machine_id, session_id, 'P', 1, now()
     FROM (SELECT session_id, row_number() OVER () AS n FROM one) AS s
     JOIN (SELECT machine_id, row_number() OVER () AS n FROM machine) AS m USING (n)`,
    count,
    agoSeconds,
  )
  const left = async () => (await database.sql('SELECT * FROM sessions')).length
  return { database, connection, left }
}

describe('sweep', () => {
  test('removes expired sessions and their work, each into one Expired row, and leaves live ones', async () => {
    const { connection, database, machineIds } = await testMachines(4)
    const live = await connection.startSession(noBeats)
    const work = (await live.startWork('P', [machineIds[3]!]))!
    await deadHolder(database, connection, machineIds.slice(0, 2))
    await deadHolder(database, connection, machineIds.slice(2, 3))
    await deadHolder(database, connection, [])
    expect(await connection.sweep()).toEqual({ sessions: 3, work: 3 })
    expect(await connection.sweep()).toEqual({ sessions: 0, work: 0 })
    for (const id of machineIds.slice(0, 3)) expect(await events(connection, id)).toEqual(['Started', 'Expired'])
    expect(await database.sql('SELECT session_id FROM session_status')).toEqual([{ session_id: live.id }])
    await work.finish()
  })

  test('goes in batches, up to the limit', async () => {
    const { connection, left } = await deadSessions(120)
    expect(await connection.sweep({ limit: 3 })).toEqual({ sessions: 3, work: 3 })
    expect(await connection.sweep({ limit: 57 })).toEqual({ sessions: 57, work: 57 })
    expect(await left()).toBe(60)
    expect(await connection.sweep()).toEqual({ sessions: 60, work: 60 })
    expect(await left()).toBe(0)
  })

  test('leaves those whose deadline passed less than graceSeconds ago', async () => {
    const { connection, left } = await deadSessions(2, 10)
    expect(await connection.sweep({ graceSeconds: 60 })).toEqual({ sessions: 0, work: 0 })
    expect(await connection.sweep({ graceSeconds: 9.5, limit: 1 })).toEqual({ sessions: 1, work: 1 })
    expect(await connection.sweep({ graceSeconds: 0 })).toEqual({ sessions: 1, work: 1 })
    expect(await left()).toBe(0)
  })

  test('ten at once remove every session once', async () => {
    const { connection, database, left } = await deadSessions(300)
    const others = await Promise.all([database.open(), database.open()])
    const sweeps = await Promise.all(Array.from({ length: 10 }, (_, n) => [connection, ...others][n % 3]!.sweep()))
    const total = sweeps.reduce((sum, one) => ({ sessions: sum.sessions + one.sessions, work: sum.work + one.work }))
    expect(total).toEqual({ sessions: 300, work: 300 })
    expect(await left()).toBe(0)
    expect(await database.sql('SELECT count(*)::int FROM work_history')).toEqual([{ count: 300 }])
  })

  test('a beat that is under way is not overtaken: its session is left, and lives on', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    await deadHolder(database, connection, machineIds)
    const client = await plainClient(database)
    await client.query('BEGIN')
    await client.query(`UPDATE session_leases SET session_deadline = clock_timestamp() + interval '1 minute'`)
    expect(await connection.sweep()).toEqual({ sessions: 0, work: 0 })
    await client.query('COMMIT')
    expect(await connection.sweep()).toEqual({ sessions: 0, work: 0 })
    expect(await events(connection, machineIds[0]!)).toEqual(['Started'])
  })

  test('a transaction of an expired session that is still open is left alone at first', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const holder = await connection.startSession(noBeats)
    await holder.startWork('P', machineIds)
    await holder.transact(async (tx) => {
      await tx.bmc.create({ data: { machineId: machineIds[0]!, address: 'x' } })
      await database.sql('UPDATE session_leases SET session_deadline = clock_timestamp()')
      expect(await connection.sweep()).toEqual({ sessions: 0, work: 0 })
    })
    expect(await connection.sweep()).toEqual({ sessions: 1, work: 1 })
    expect(await database.sql('SELECT * FROM machine_bmc')).toHaveLength(1)
  })

  test('one session that cannot be ended does not keep it from the others', async () => {
    const { connection, database, left } = await deadSessions(60)
    const client = await plainClient(database)
    await client.query('BEGIN')
    await client.query('SELECT * FROM work ORDER BY session_id LIMIT 1 FOR UPDATE')
    expect(await connection.sweep()).toEqual({ sessions: 59, work: 59 })
    await client.query('ROLLBACK')
    expect(await connection.sweep()).toEqual({ sessions: 1, work: 1 })
    expect(await left()).toBe(0)
  })

  test('a collector that froze in the middle of a batch delays a takeover by a second at most', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    await deadHolder(database, connection, machineIds)
    const { proxy, url } = await startProxy(database.url)
    const collector = await new BMDB({ databaseUrl: url, componentName: 'collector' }).open()
    const frozen = proxy.next('bmdb_lock_expired_batch', faults['no answer'])
    const stop = new AbortController()
    const sweeping = collector.sweep({ signal: stop.signal }).catch(() => {})
    await frozen
    await eventually('a batch that is locked', async () => {
      const rows = await database.sql(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`,
      )
      return rows.length > 0
    })
    const session = await connection.startSession(noBeats)
    const requestedMs = await databaseMs(database)
    expect((await session.startWork('P', machineIds, { timeoutMs: 8_000 }))?.token).toBe(2n)
    // Some 500 ms are usual: until the server ends the silent connection.
    expect((await takenOverMs(database)).get(machineIds[0]!)! - requestedMs).toBeLessThan(1_000)
    stop.abort()
    await sweeping
    await collector.close()
  })

  test('refuses bad options, naming the value, and removes nothing', async () => {
    const { connection, left } = await deadSessions(1)
    for (const [name, value] of [
      ['limit', 0],
      ['limit', 100_001],
      ['limit', 1.5],
      ['graceSeconds', -1],
      ['graceSeconds', NaN],
      ['graceSeconds', 86_401],
      ['timeoutMs', 0],
    ] as const)
      expect(await rejection(connection.sweep({ [name]: value }))).toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringMatching(new RegExp(`^${name} is ${value}`)) as string,
      })
    expect(await left()).toBe(1)
  })
})
