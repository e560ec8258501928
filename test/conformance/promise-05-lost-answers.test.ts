import type { PrismaClient, TransactionClient, Work } from '@bmdb/core'
import { checkExclusion, cockroachErrors, type Fault } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { dialect, hold, longLease, testDatabase, testSessionBehindProxy } from './setup.ts'
import { rejection } from './waiting.ts'

/** Everything that may become of a COMMIT and its answer. */
const faults: Record<string, Fault> = {
  'it never reaches the server': { do: 'cut', when: 'before' },
  'the connection breaks while the server does it': { do: 'cut', when: 'during' },
  'the connection breaks in place of the answer': { do: 'cut', when: 'after', how: 'reset' },
  'the server calls it ambiguous, and it is done': { do: 'answer', with: cockroachErrors.ambiguous, when: 'after' },
  'the server calls it ambiguous, and it is not': { do: 'answer', with: cockroachErrors.ambiguous, when: 'instead' },
  'the server drains, and it is done': { do: 'answer', with: cockroachErrors.draining, when: 'after' },
  'the server drains, and it is not': { do: 'answer', with: cockroachErrors.draining, when: 'instead' },
}

const cuts = Object.values(faults).filter((fault) => fault.do === 'cut')

/** Counts up what is in the machine's BMC address: done twice it shows. */
async function count(tx: TransactionClient<PrismaClient>, machineId: string): Promise<number> {
  const row = await tx.bmc.findUnique({ where: { machineId } })
  const next = Number(row?.address ?? 0) + 1
  const data = { machineId, address: String(next) }
  await tx.bmc.upsert({ where: { machineId }, create: data, update: data })
  return next
}

describe('promise 5: a lost answer is never reported as a failure or a success', () => {
  test(`transact finds out and does it once: ${Object.keys(faults).join('; ')}`, async () => {
    const { database, proxy, session, machineId } = await testSessionBehindProxy()
    let wanted = 0
    for (const [what, fault] of Object.entries(faults)) {
      wanted += 1
      const happened = proxy.next(/^COMMIT$/, fault)
      // PostgreSQL can be asked; on CockroachDB the caller's own look decides.
      const verify = async (tx: TransactionClient<PrismaClient>) =>
        (await tx.bmc.findUnique({ where: { machineId } }))?.address === String(wanted)
      const options = dialect === 'cockroachdb' ? { verify } : {}
      expect(await session.transact((tx) => count(tx, machineId), options), what).toBe(wanted)
      await happened
      expect(await database.sql('SELECT bmc_address AS count FROM machine_bmc'), what).toEqual([
        { count: String(wanted) },
      ])
    }
  })

  const why = 'CockroachDB only: PostgreSQL can be asked'
  test.skipIf(dialect === 'postgresql')(`where nobody can tell, transact says so (${why})`, async () => {
    const { proxy, session, machineId } = await testSessionBehindProxy()
    void proxy.next(/^COMMIT$/, { do: 'cut', when: 'after' })
    const error = await rejection(session.transact((tx) => count(tx, machineId)))
    expect(error).toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN' })
  })

  test('finish with a function does it once, whatever became of the answer', async () => {
    const { database, proxy, session, machineId } = await testSessionBehindProxy()
    let wanted = 0
    for (const [what, fault] of Object.entries(faults)) {
      wanted += 1
      const work = await hold(session, machineId)
      void proxy.next(/^COMMIT$/, fault)
      expect(await work.finish((tx) => count(tx, machineId)), what).toBe(wanted)
    }
    expect(checkExclusion({ holds: [], journal: await database.journal() })).toEqual([])
    expect(await database.sql(`SELECT 1 FROM work_history WHERE event = 'Finished'`)).toHaveLength(wanted)
  })

  test('claims and ends are done once: startWork, finish, fail, cancel', async () => {
    const { database, proxy, session, machineId } = await testSessionBehindProxy()
    const ends: Record<string, (work: Work<PrismaClient>) => Promise<unknown>> = {
      Finished: (work) => work.finish(),
      Failed: (work) => work.fail('on purpose'),
      Canceled: (work) => work.cancel(),
    }
    // A claim that was made twice would hold the second of them as well.
    const machineIds = [machineId, ...(await database.machines(2))]
    let token = 0n
    for (const fault of cuts)
      for (const [event, end] of Object.entries(ends)) {
        const claimed = proxy.next('bmdb_claim', fault)
        const work = await session.startWork('P', machineIds, { ignoreBackoff: true })
        await claimed
        // A claim that the database did and did not tell of is found again, not made a second time.
        expect(work!.token).toBe((token += 1n))
        expect(await database.sql('SELECT machine_id AS "machineId" FROM work')).toEqual([{ machineId }])
        const ended = proxy.next(
          `bmdb_${event === 'Canceled' ? 'cancel' : event === 'Failed' ? 'fail' : 'finish'}`,
          fault,
        )
        await end(work!)
        await ended
        const rows = (await database.journal()).filter((row) => row.token === token)
        expect(rows.map((row) => row.event).sort()).toEqual(['Started', event].sort())
      }
    expect(await database.sql('SELECT * FROM work')).toEqual([])
  })

  test('sessions are started, closed and swept once', async () => {
    const database = await testDatabase()
    const { proxy, connection } = await database.openBehindProxy()
    const [machineId] = await database.machines(1)
    for (const fault of cuts) {
      const started = proxy.next('bmdb_start_session', fault)
      const session = await connection.startSession(longLease)
      await started
      expect(await database.sql('SELECT session_id AS id FROM sessions')).toEqual([{ id: session.id }])
      await hold(session, machineId!)
      const closed = proxy.next(/^COMMIT$/, fault)
      await session.close()
      await closed
      expect(await database.sql('SELECT * FROM sessions')).toEqual([])

      const dead = await connection.startSession(longLease)
      await hold(dead, machineId!)
      await database.expire(dead)
      const swept = proxy.next(/^COMMIT$/, fault)
      await connection.sweep()
      await swept
      expect(await database.sql('SELECT * FROM sessions')).toEqual([])
    }
    expect(checkExclusion({ holds: [], journal: await database.journal() })).toEqual([])
  })

  test('a claim whose answer does not come within its limit is reported as unknown, and given back', async () => {
    const { database, proxy, session, machineId } = await testSessionBehindProxy(1)
    void proxy.next('bmdb_claim', { do: 'hold', when: 'after' })
    const error = await rejection(session.startWork('P', [machineId], { timeoutMs: 200 }))
    expect(error).toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN' })
    await expect.poll(() => database.sql('SELECT * FROM work'), { timeout: 5_000 }).toEqual([])
    expect(checkExclusion({ holds: [], journal: await database.journal() })).toEqual([])
  })
})
