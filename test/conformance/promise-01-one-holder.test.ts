import { claimable, type PrismaClient, type Session } from '@bmdb/core'
import { checkExclusion, gate, type Hold } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { hold, longLease, testDatabase } from './setup.ts'
import { eventually, pause } from './waiting.ts'

describe('promise 1: at any time at most one session holds work on a (machine, process)', () => {
  test('of six programs that claim a machine at once one gets it, and the others are told who', async () => {
    const database = await testDatabase()
    const [machineId] = await database.machines(1)
    const done = gate()
    let holder: string | undefined
    const refused: unknown[] = []
    const claims = [1, 2, 3, 4, 5, 6].map(async (number) => {
      const connection = await database.open({ componentName: `program ${number}`, poolSize: 1 })
      const session = await connection.startSession(longLease)
      await session
        .work(machineId!, 'P', async () => {
          expect(holder).toBeUndefined()
          holder = session.id
          await done.opened
        })
        .catch((error: unknown) => refused.push(error))
    })
    await eventually('five are refused', () => refused.length >= 5)
    expect(refused).toHaveLength(5)
    for (const error of refused)
      expect(error).toMatchObject({ code: 'ERR_WORK_CONFLICT', machineId, process: 'P', session: holder })
    done.open()
    await Promise.all(claims)
  })

  test('however holders end (finish, fail, cancel, close, death), no two of their windows overlap', async () => {
    const database = await testDatabase()
    const machineIds = await database.machines(2)
    const connections = await Promise.all([1, 2, 3, 4].map(() => database.open({ poolSize: 2 })))
    const holds: Hold[] = []
    const ends = new Set<string>()
    // Until the test has seen enough to mean something, however slow the database is.
    const leastMs = performance.now() + 1_000
    const enough = () => performance.now() > leastMs && holds.length >= 20 && ends.size === 5
    const limit = AbortSignal.timeout(15_000)
    const loop = async (connection: (typeof connections)[number], number: number): Promise<void> => {
      let session: Session<PrismaClient> = await connection.startSession(longLease)
      for (let turn = number; !enough(); turn++) {
        limit.throwIfAborted()
        const work =
          number % 2 === 0
            ? await session.startWork('P', machineIds, { ignoreBackoff: true })
            : await session.startWork('P', (tx) => claimable(tx, 'P'), { ignoreBackoff: true })
        if (work === null) {
          await pause(2)
          continue
        }
        const window = { machineId: work.machineId, process: 'P', token: work.token, holder: session.id }
        const fromNs = process.hrtime.bigint()
        await pause(Math.random() * 5)
        holds.push({ ...window, fromNs, toNs: process.hrtime.bigint() })
        const end = (['finish', 'fail', 'cancel', 'close', 'death'] as const)[turn % 5]!
        ends.add(end)
        if (end === 'finish' || end === 'cancel') await work[end]()
        else if (end === 'fail') await work.fail('for a change')
        else {
          if (end === 'close') await session.close()
          else await database.expire(session)
          session = await connection.startSession(longLease)
        }
      }
    }
    await Promise.all(connections.map(loop))
    expect(checkExclusion({ holds, journal: await database.journal() })).toEqual([])
  })

  test('a machine that somebody else worked on between look and claim is not worked on again', async () => {
    const database = await testDatabase()
    const [machineId] = await database.machines(1)
    const [slow, fast] = await Promise.all([1, 2].map(async () => (await database.open()).startSession(longLease)))
    let looks = 0
    const work = await slow!.startWork('P', async (tx) => {
      const found = await claimable(tx, 'P', { where: { bmc: null } })
      if ((looks += 1) === 1)
        await (
          await hold(fast!, machineId!)
        ).finish((own) => own.bmc.create({ data: { machineId: machineId!, address: 'found by the fast one' } }))
      return found
    })
    expect(work).toBeNull()
    expect(looks).toBe(2)
  })
})
