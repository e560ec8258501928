import { describe, expect, test } from 'vitest'
import type { Backoff } from '../src/index.ts'
import { testSession } from './setup.ts'
import { noBeats, rejection } from './work-setup.ts'

async function failing() {
  const all = await testSession(60)
  const { database, session, machineId } = all
  /** Fails once; the stored interval, and the wait in seconds. */
  const fail = async (backoff?: Backoff) => {
    const work = (await session.startWork('P', [machineId], { ignoreBackoff: true }))!
    const [before] = await database.sql<{ now: Date }>('SELECT clock_timestamp() AS now')
    await work.fail('no', backoff)
    const [row] = await database.sql<{ last_interval_seconds: string; until: Date; now: Date }>(
      'SELECT last_interval_seconds, until, clock_timestamp() AS now FROM work_backoff',
    )
    const wait = (from: Date) => (row!.until.getTime() - from.getTime()) / 1000
    return { stored: Number(row!.last_interval_seconds), most: wait(before!.now), least: wait(row!.now) }
  }
  const stored = async (backoff: Backoff | undefined, times: number) => {
    const all: number[] = []
    for (let index = 0; index < times; index++) all.push((await fail(backoff)).stored)
    return all
  }
  return { ...all, fail, stored }
}

describe('backoff', () => {
  test('60 s times 1.1, at most 120, is 60, 66, 73, 81, 90, 99, 109, 120, 120, exactly', async () => {
    const { stored } = await failing()
    expect(await stored({ initialSeconds: 60, maximumSeconds: 120, exponent: 1.1 }, 9)).toEqual([
      60, 66, 73, 81, 90, 99, 109, 120, 120,
    ])
  })

  test('products that binary fractions miss come out exactly', async () => {
    const { stored, database } = await failing()
    expect(await stored({ initialSeconds: 100, exponent: 1.1 }, 2)).toEqual([100, 110])
    await database.sql('DELETE FROM work_backoff')
    expect(await stored({ initialSeconds: 10, exponent: 1.0000001 }, 2)).toEqual([10, 11])
    await database.sql('DELETE FROM work_backoff')
    expect(await stored({ initialSeconds: 1, exponent: 2 }, 5)).toEqual([1, 2, 4, 8, 16])
  })

  test('without one it is a second, and then the previous interval again', async () => {
    const { stored } = await failing()
    expect(await stored(undefined, 2)).toEqual([1, 1])
    expect(await stored({ initialSeconds: 30 }, 1)).toEqual([30])
    expect(await stored(undefined, 2)).toEqual([30, 30])
  })

  test('with no exponent, or with 1, it is always the initial wait', async () => {
    const { stored } = await failing()
    expect(await stored({ initialSeconds: 7 }, 3)).toEqual([7, 7, 7])
    expect(await stored({ initialSeconds: 9, exponent: 1 }, 2)).toEqual([9, 9])
    expect(await stored({ initialSeconds: 9, maximumSeconds: 9 }, 1)).toEqual([9])
  })

  test('an exponent grows from whatever interval was stored before, and never beyond a year', async () => {
    const { stored } = await failing()
    expect(await stored({ initialSeconds: 5 }, 1)).toEqual([5])
    expect(await stored({ initialSeconds: 60, exponent: 3 }, 2)).toEqual([15, 45])
    expect(await stored({ initialSeconds: 60, exponent: 1e300 }, 2)).toEqual([31_536_000, 31_536_000])
  })

  test('is counted from the failure, by the database’s clock', async () => {
    const { fail } = await failing()
    const { stored, least, most } = await fail({ initialSeconds: 60 })
    expect(stored).toBe(60)
    expect(least).toBeLessThanOrEqual(60)
    expect(most).toBeGreaterThanOrEqual(60)
  })

  test('jitter shortens the wait by up to a quarter and differs, and the stored interval is without it', async () => {
    const { fail } = await failing()
    const waits = new Set<number>()
    for (let index = 0; index < 10; index++) {
      const { stored, least, most } = await fail({ initialSeconds: 1000, jitter: true })
      expect(stored).toBe(1000)
      expect(least).toBeLessThanOrEqual(1000)
      expect(most).toBeGreaterThanOrEqual(750)
      waits.add(Math.round(least))
    }
    expect(waits.size).toBeGreaterThan(3)
  })

  test('finish clears it, cancel leaves it', async () => {
    const { database, fail, session, machineId } = await failing()
    await fail({ initialSeconds: 60, exponent: 2 })
    const [before] = await database.sql('SELECT * FROM work_backoff')
    await (await session.startWork('P', [machineId], { ignoreBackoff: true }))!.cancel()
    expect(await database.sql('SELECT * FROM work_backoff')).toEqual([before])
    expect((await fail({ initialSeconds: 60, exponent: 2 })).stored).toBe(120)
    await session.work(machineId, 'P', (work) => work.finish(async () => {}), { ignoreBackoff: true })
    expect(await database.sql('SELECT * FROM work_backoff')).toEqual([])
    expect((await fail({ initialSeconds: 60, exponent: 2 })).stored).toBe(60)
    await session.work(machineId, 'P', () => {}, { ignoreBackoff: true })
    expect(await database.sql('SELECT * FROM work_backoff')).toEqual([])
  })

  test('a finish whose function throws leaves it', async () => {
    const { database, fail, session, machineId } = await failing()
    await fail({ initialSeconds: 60 })
    const work = (await session.startWork('P', [machineId], { ignoreBackoff: true }))!
    await rejection(work.finish(() => Promise.reject(new Error('mine'))))
    expect(await database.sql('SELECT last_interval_seconds FROM work_backoff')).toEqual([
      { last_interval_seconds: '60' },
    ])
  })

  test('every claim of any session honours it until it runs out, unless ignoreBackoff is set', async () => {
    const { connection, database, fail, machineId } = await failing()
    await fail({ initialSeconds: 60 })
    const session = await connection.startSession(noBeats)
    const [row] = await database.sql<{ until: Date }>('SELECT until FROM work_backoff')
    expect(await session.startWork('P', [machineId])).toBeNull()
    expect(await session.startWorkMany('P', [machineId], { limit: 3 })).toEqual([])
    expect(await rejection(session.work(machineId, 'P', () => {}))).toMatchObject({
      code: 'ERR_WORK_BACKOFF',
      machineId,
      process: 'P',
      until: row!.until,
      cause: 'no',
    })
    expect(await session.work(machineId, 'Q', () => 'another process')).toBe('another process')
    for (const work of [
      await session.startWork('P', [machineId], { ignoreBackoff: true }),
      (await session.startWorkMany('P', [machineId], { limit: 3, ignoreBackoff: true }))[0],
    ])
      await work?.cancel()
    await database.sql(`UPDATE work_backoff SET until = now() - interval '1 ms'`)
    const work = await session.startWork('P', [machineId])
    expect(work?.machineId).toBe(machineId)
  })
})
