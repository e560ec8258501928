import { describe, expect, onTestFinished, test } from 'vitest'
import { claimable } from '../src/index.ts'
import { recordingLogger } from './helpers.ts'
import { faults } from './proxy.ts'
import type { TestDatabase } from './setup.ts'
import { databaseMs, takenOverMs } from './support/database-clock.ts'
import {
  deadHolder,
  eventually,
  events,
  expire,
  gate,
  machinesBehindProxy,
  noBeats,
  rejection,
  testMachines,
} from './work-setup.ts'

describe('promise 1: what became of a dead holder’s work after retrieve saw it', () => {
  async function between(happens: 'nothing' | 'finish' | 'cancel' | 'sweep') {
    const { connection, database, machineIds } = await testMachines(1)
    const [machineId] = machineIds as [string]
    const holder = await connection.startSession(noBeats)
    const held = (await holder.startWork('P', machineIds))!
    await expire(database, holder)
    const session = await connection.startSession(noBeats)
    const seen: string[][] = []
    const claimed = await session.startWork('P', async (tx) => {
      const ids = await claimable(tx, 'P', { where: { hardwareReport: null } })
      if (seen.push(ids) > 1) return ids
      if (happens === 'finish')
        await held.finish(async (tx) => void (await tx.hardwareReport.create({ data: { machineId, report: {} } })))
      if (happens === 'cancel') await held.cancel()
      if (happens === 'sweep') expect(await connection.sweep()).toEqual({ sessions: 1, work: 1 })
      return ids
    })
    return { claimed, seen, machineId, events: await events(connection, machineId) }
  }

  test('it finished after all: the machine is looked at anew, and not claimed', async () => {
    const { claimed, seen, machineId, events } = await between('finish')
    expect(claimed).toBeNull()
    expect(seen).toEqual([[machineId], []])
    expect(events).toEqual(['Started', 'Finished'])
  })

  test('it was cancelled: the machine is looked at anew, and claimed', async () => {
    const { claimed, seen, machineId, events } = await between('cancel')
    expect(claimed?.token).toBe(2n)
    expect(seen).toEqual([[machineId], [machineId]])
    expect(events).toEqual(['Started', 'Canceled', 'Started'])
  })

  test.each(['nothing', 'sweep'] as const)(
    'it only expired (%s in between): taken at the first look',
    async (happens) => {
      const { claimed, seen, machineId, events } = await between(happens)
      expect(claimed?.token).toBe(2n)
      expect(seen).toEqual([[machineId]])
      expect(events).toEqual(['Started', 'Expired', 'Started'])
    },
  )
})

describe('promise 4: what can delay a takeover', () => {
  test('a taker whose network went in the middle of its transaction delays others by a second at most', async () => {
    const { connection, database, machineIds, proxy, session: taker } = await machinesBehindProxy(1)
    await deadHolder(database, connection, machineIds)
    const stuck = proxy.next('bmdb_end_work_of_expired_sessions', faults['stuck before'])
    const taking = taker.startWork('P', machineIds)
    await stuck
    await eventually('a taker that holds its locks and is silent', async () => {
      const rows = await database.sql(
        `SELECT 1 FROM pg_stat_activity JOIN pg_locks USING (pid)
         WHERE datname = current_database() AND state = 'idle in transaction' AND mode = 'RowShareLock'`,
      )
      return rows.length > 0
    })
    const session = await connection.startSession(noBeats)
    const requestedMs = await databaseMs(database)
    expect((await session.startWork('P', machineIds))?.token).toBe(2n)
    // Some 500 ms are usual: until the server ends the silent connection.
    expect((await takenOverMs(database)).get(machineIds[0]!)! - requestedMs).toBeLessThan(1_000)
    proxy.heal()
    expect(await taking).toBeNull()
    expect(await events(connection, machineIds[0]!)).toEqual(['Started', 'Expired', 'Started'])
  })

  test('a role that may not end a frozen connection says so in the log, and waits until its limit', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const holder = await deadHolder(database, connection, machineIds)
    const logger = recordingLogger()
    const taker = await database.open({ databaseUrl: await ordinaryRole(database), logger })
    const session = await taker.startSession(noBeats)
    const inside = gate()
    const thaw = gate()
    const transacting = holder.transact(async () => {
      inside.open()
      await thaw.opened
    })
    await inside.opened
    const error = await rejection(session.startWork('P', machineIds, { timeoutMs: 1_000 }))
    expect(error).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT' })
    expect(logger.at('warn')).toContainEqual({
      level: 'warn',
      message: expect.stringContaining('could not be ended') as string,
      fields: { sessions: [holder.id], error: expect.stringContaining('permission denied') as string },
    })
    thaw.open()
    await transacting
    expect((await session.startWork('P', machineIds))?.token).toBe(2n)
    await session.close()
  })
})

/** A role with the rights on the tables and no others; returns the URL by which it logs in. */
async function ordinaryRole(database: TestDatabase): Promise<string> {
  const role = `ordinary_${Math.random().toString(36).slice(2)}`
  await database.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'ordinary'`)
  onTestFinished(async () => void (await database.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
  await database.sql(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`)
  return Object.assign(new URL(database.url), { username: role, password: 'ordinary' }).href
}
