import type { PrismaClient, Session } from '@bmdb/core'
import { gate } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { Child } from './child.ts'
import { dialect, hold, longLease, testDatabase, type ConformanceDatabase } from './setup.ts'
import { eventually, pause } from './waiting.ts'

/** Claims the machine again and again until it is there, and tells by how much later than the dead one's deadline. */
async function takeOver(database: ConformanceDatabase, taker: Session<PrismaClient>, dead: string, machineId: string) {
  const [row] = await database.sql(
    'SELECT session_deadline AS deadline FROM session_leases WHERE session_id = $1::uuid',
    dead,
  )
  const work = await eventually('it is taken over', async () => (await taker.startWork('P', [machineId])) ?? undefined)
  const [now] = await database.sql('SELECT clock_timestamp() AS now')
  return { work, lateMs: Number(now!['now']) - Number(row!['deadline']) }
}

describe('promise 4: no lock outlives its holder, and no collector is needed', () => {
  test('a program that is killed: whoever claims its machine has it within a second of its deadline', async () => {
    const database = await testDatabase()
    const [machineId] = await database.machines(1)
    const taker = await (await database.open()).startSession(longLease)
    const holder = new Child('holding-program.ts', database.url, machineId!, 'idle')
    const { session } = await holder.told('held')
    expect(await taker.startWork('P', [machineId!])).toBeNull()
    holder.signal('SIGKILL')
    const { work, lateMs } = await takeOver(database, taker, session as string, machineId!)
    // Not before the deadline, up to what the clock of the database shows of it.
    expect(lateMs).toBeGreaterThanOrEqual(0)
    expect(lateMs).toBeLessThan(1_000)
    expect(work.token).toBe(2n)
    expect((await database.journal()).map((row) => row.event).sort()).toEqual(['Expired', 'Started', 'Started'])
  })

  // CockroachDB cannot end a frozen program's connection: its locks stay until it wakes or its connection breaks.
  const why = 'PostgreSQL only: CockroachDB has no way to end a transaction whose program is frozen'
  test.skipIf(dialect === 'cockroachdb')(
    `so does one that is frozen inside a transaction, which commits nothing when it wakes (${why})`,
    async () => {
      const database = await testDatabase()
      const [machineId] = await database.machines(1)
      const taker = await (await database.open()).startSession(longLease)
      const holder = new Child('holding-program.ts', database.url, machineId!, 'transact')
      const { session } = await holder.told('held')
      await holder.told('written')
      holder.signal('SIGSTOP')
      const { lateMs } = await takeOver(database, taker, session as string, machineId!)
      expect(lateMs).toBeLessThan(1_000)
      holder.signal('SIGCONT')
      expect(await holder.told('outcome')).toEqual({ outcome: 'ERR_SESSION_EXPIRED' })
      expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
    },
  )

  test('a transaction of a live session is never cut, however long it is and whoever wants the machine', async () => {
    const database = await testDatabase()
    const [machineId] = await database.machines(1)
    const connection = await database.open()
    await connection.prisma.machine.count()
    const session = await connection.startSession({ intervalSeconds: 1 })
    const taker = await (await database.open()).startSession(longLease)
    const work = await hold(session, machineId!)
    const over = gate()
    const transaction = work.transact(async (tx) => {
      await tx.bmc.create({ data: { machineId: machineId!, address: 'written slowly' } })
      await over.opened
    })
    // On CockroachDB a claim waits for the transaction; on PostgreSQL it sees at once that the machine is held.
    let open = true
    const wanting = (async () => {
      for (; open; await pause(50)) expect(await taker.startWork('P', [machineId!])).toBeNull()
    })()
    await pause(1_500)
    open = false
    over.open()
    await Promise.all([transaction, wanting])
    expect(await database.sql('SELECT * FROM machine_bmc')).toHaveLength(1)
    await work.finish()
  })
})
