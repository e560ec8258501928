import { cockroachErrors } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { testDatabase } from './setup.ts'
import { pause } from './waiting.ts'

const intervalSeconds = 2
/** Long enough that every one of the sessions would be lost without beats. */
const durationMs = 2_600

/** A short session whose network can go wrong. */
async function shortSession(poolSize: number) {
  const database = await testDatabase()
  const [machineId] = await database.machines(1)
  const { proxy, connection } = await database.openBehindProxy({ poolSize })
  // Prisma's first query takes its time: before the clock runs.
  await connection.prisma.machine.count()
  return { database, proxy, session: await connection.startSession({ intervalSeconds }), machineId: machineId! }
}

describe('promise 13: a reachable database never loses a session', () => {
  test('not by a full pool and a transaction that is longer than the interval', async () => {
    const { database, session } = await shortSession(1)
    const waiting: Promise<unknown>[] = []
    await session.transact(async (tx) => {
      for (let n = 0; n < 10; n++) waiting.push(session.transact((own) => own.machine.create({ data: {} })))
      await pause(durationMs)
      await tx.machine.create({ data: {} })
    })
    await Promise.all(waiting)
    expect(session.expired).toBe(false)
    expect(await database.sql('SELECT * FROM machines')).toHaveLength(12)
  })

  test('not by beats that fail, as long as one in an interval gets through', async () => {
    const { proxy, session } = await shortSession(2)
    const endMs = performance.now() + durationMs
    const faults = [
      { do: 'cut', when: 'before' },
      { do: 'answer', with: cockroachErrors.restartTransaction, when: 'instead' },
      { do: 'cut', when: 'after', how: 'reset' },
      { do: 'answer', with: cockroachErrors.draining, when: 'instead' },
      { do: 'hold', when: 'after' },
    ] as const
    for (let n = 0; performance.now() < endMs; n++) {
      await proxy.next('bmdb_beat', faults[n % faults.length]!)
      // The one after it is let through.
      const { statements } = proxy.counts
      while (proxy.counts.statements === statements) await pause(5)
    }
    expect(session.expired).toBe(false)
    await session.transact(async () => {})
  })

  test('not by a storm of serialization failures', async () => {
    const { session, database, machineId } = await shortSession(10)
    await database.sql(`INSERT INTO machine_bmc (machine_id, bmc_address) VALUES ($1::uuid, '0')`, machineId)
    const endMs = performance.now() + durationMs
    let added = 0
    const storm = Array.from({ length: 8 }, async () => {
      for (; performance.now() < endMs; added++)
        await session.transact(async (tx) => {
          const { address } = await tx.bmc.findUniqueOrThrow({ where: { machineId } })
          await tx.bmc.update({ where: { machineId }, data: { address: String(Number(address) + 1) } })
        })
    })
    await Promise.all(storm)
    expect(session.expired).toBe(false)
    expect(await database.sql('SELECT bmc_address AS count FROM machine_bmc')).toEqual([{ count: String(added) }])
  })
})
