import { describe, expect, test } from 'vitest'
import { hold, longLease, testDatabase, testSession } from './setup.ts'

describe('promise 8: every claim carries a token greater than all before it', () => {
  test('whatever ended the claim before: an end, a close, a takeover, a sweep, the machine’s deletion', async () => {
    const { database, connection, session, machineId } = await testSession()
    const tokens: bigint[] = []
    const claim = async (holder = session) => {
      const work = await holder.startWork('P', [machineId], { ignoreBackoff: true })
      tokens.push(work!.token)
      return work!
    }
    await (await claim()).finish()
    await (await claim()).fail('on purpose')
    await (await claim()).cancel()

    const closing = await connection.startSession(longLease)
    await claim(closing)
    await closing.close()

    const dead = await connection.startSession(longLease)
    await claim(dead)
    await database.expire(dead)
    const takenOver = await claim()
    await takenOver.finish()

    const swept = await connection.startSession(longLease)
    await claim(swept)
    await database.expire(swept)
    expect(await connection.sweep()).toEqual({ sessions: 1, work: 1 })
    await (await claim()).finish()

    await database.sql('DELETE FROM machines WHERE machine_id = $1::uuid', machineId)
    await database.sql('INSERT INTO machines (machine_id) VALUES ($1::uuid)', machineId)
    await (await claim()).finish()

    expect(tokens).toEqual(tokens.map((_, index) => BigInt(index + 1)))
    // Another process on the same machine counts for itself.
    expect((await hold(session, machineId, 'Q')).token).toBe(1n)
  })

  test('in the order in which they are granted, when many want them', async () => {
    const database = await testDatabase()
    const [machineId] = await database.machines(1)
    const granted: bigint[] = []
    const claimFiveTimes = async (): Promise<void> => {
      const session = await (await database.open({ poolSize: 2 })).startSession(longLease)
      for (let claims = 0; claims < 5;) {
        const work = await session.startWork('P', [machineId!])
        if (work === null) continue
        granted.push(work.token)
        await work.finish()
        claims += 1
      }
    }
    await Promise.all([claimFiveTimes(), claimFiveTimes(), claimFiveTimes()])
    expect(granted).toEqual(Array.from({ length: 15 }, (_, index) => BigInt(index + 1)))
  })
})
