import { describe, expect, onTestFinished, test } from 'vitest'
import type { TransactOptions } from '../src/index.ts'
import { aborted, count, eventually, gate, plainClient, recordingMetrics, rejection, somebodyWaits } from './helpers.ts'
import { testDatabase, testSession } from './setup.ts'

describe('transact', () => {
  test('returns what the function returned, and tells it the attempt and a signal', async () => {
    const { session } = await testSession()
    const result = await session.transact(async (tx, { attempt, signal }) => {
      expect(attempt).toBe(1)
      expect(signal.aborted).toBe(false)
      return { machines: await tx.machine.count() }
    })
    expect(result).toEqual({ machines: 1 })
    expect(await session.transact(async () => {})).toBeUndefined()
  })

  test('runs at SERIALIZABLE, under the session’s name', async () => {
    const { database, session } = await testSession()
    await session.transact(async (tx) => {
      expect(await tx.$queryRaw`SHOW transaction_isolation`).toEqual([{ transaction_isolation: 'serializable' }])
      expect(
        await database.sql('SELECT 1 FROM pg_stat_activity WHERE application_name = $1', `bmdb ${session.id}`),
      ).toHaveLength(1)
    })
    expect(
      await database.sql('SELECT 1 FROM pg_stat_activity WHERE application_name = $1', `bmdb ${session.id}`),
    ).toHaveLength(0)
  })

  test('works through connection.prisma are no part of it', async () => {
    const { connection, session } = await testSession()
    await rejection(
      session.transact(async (tx) => {
        await tx.machine.create({ data: {} })
        await connection.prisma.machine.create({ data: {} })
        await connection.prisma.$transaction((plain) => plain.machine.create({ data: {} }))
        throw new Error('no')
      }),
    )
    expect(await connection.prisma.machine.count()).toBe(3)
  })

  test('any number may run at once in one session, each on its own', async () => {
    const { database, session } = await testSession()
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const results = await Promise.allSettled(
      Array.from({ length: 25 }, (_, index) =>
        session.transact(async (tx) => {
          await tx.machine.create({ data: {} })
          if (index % 5 === 0) throw new Error('mine')
          return index
        }),
      ),
    )
    expect(results.filter((one) => one.status === 'rejected')).toHaveLength(5)
    expect(await count(database, 'machines')).toBe(21)
    expect(warnings).toEqual([])
  })

  test('a transact within a transact is one of its own', async () => {
    const { database, session } = await testSession()
    await rejection(
      session.transact(async (tx) => {
        await tx.machine.create({ data: {} })
        await session.transact((inner) => inner.machine.create({ data: {} }))
        throw new Error('no')
      }),
    )
    expect(await count(database, 'machines')).toBe(2)
  })

  test('gives its connection back, however it ends', async () => {
    const database = await testDatabase()
    const connection = await database.open({ poolSize: 1 })
    const session = await connection.startSession()
    const ends: ((signal?: AbortSignal) => Promise<unknown>)[] = [
      () => session.transact((tx) => tx.machine.count()),
      () => session.transact(() => Promise.reject(new Error('no'))),
      () => session.transact((tx) => tx.$executeRaw`SELECT 1 / 0`),
      () => session.transact((tx) => tx.$executeRaw`SELECT pg_sleep(60)`, { timeoutMs: 100 }),
      () => session.transact(() => new Promise(() => {}), { timeoutMs: 100 }),
    ]
    for (const end of [...ends, ...ends]) await end().catch(() => {})
    expect(await session.transact((tx) => tx.machine.count())).toBe(0)
  })
})

describe('transact’s conventions', () => {
  test('a caller’s abort rejects with the signal’s own reason, and the function is told', async () => {
    const { database, session } = await testSession()
    const caller = new AbortController()
    const began = gate()
    let told: Promise<unknown> | undefined
    const transacting = rejection(
      session.transact(
        async (tx, { signal }) => {
          told = aborted(signal)
          await tx.machine.create({ data: {} })
          began.open()
          await new Promise(() => {})
        },
        { signal: caller.signal },
      ),
    )
    await began.opened
    const mine = { not: 'an error' }
    caller.abort(mine)
    expect(await transacting).toBe(mine)
    expect(await told).toBe(mine)
    expect(await count(database, 'machines')).toBe(1)
  })

  test('a signal that has aborted already: the function does not run', async () => {
    const { session } = await testSession()
    const mine = new Error('never mind')
    let ran = false
    const transacting = session.transact(async () => void (ran = true), { signal: AbortSignal.abort(mine) })
    expect(await rejection(transacting)).toBe(mine)
    expect(ran).toBe(false)
  })

  test('a caller’s abort ends the wait for a connection, and for the guard’s lock', async () => {
    const database = await testDatabase()
    const connection = await database.open({ poolSize: 1 })
    const session = await connection.startSession()
    const mine = new Error('enough')
    const released = gate()
    const holding = session.transact(() => released.opened)
    const first = new AbortController()
    const waiting = rejection(session.transact(async () => {}, { signal: first.signal }))
    first.abort(mine)
    expect(await waiting).toBe(mine)
    released.open()
    await holding

    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('SELECT 1 FROM sessions FOR UPDATE')
    const second = new AbortController()
    const locked = rejection(session.transact(async () => {}, { signal: second.signal }))
    await somebodyWaits(database, 'FOR KEY SHARE')
    second.abort(mine)
    expect(await locked).toBe(mine)
    await other.query('ROLLBACK')
    await session.transact(async () => {})
  })

  test.each<[string, TransactOptions<unknown>]>([
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: 2 ** 31 }],
    ['timeoutMs', { timeoutMs: NaN }],
    ['maxAttempts', { maxAttempts: 0 }],
    ['maxAttempts', { maxAttempts: 1.5 }],
    ['signal', { signal: {} as AbortSignal }],
    ['verify', { verify: true as unknown as () => Promise<boolean> }],
  ])('a bad %s is refused before anything runs: %o', async (name, options) => {
    const { session } = await testSession()
    let ran = false
    const error = await rejection(session.transact(async () => void (ran = true), options))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(error.message).toMatch(new RegExp(`^${name} is `))
    expect(ran).toBe(false)
  })

  test('what is no function is refused', async () => {
    const { session } = await testSession()
    expect(await rejection(session.transact('SELECT 1' as never))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })

  test('a pool that is full for longer than the limit is a timeout', async () => {
    const database = await testDatabase()
    const connection = await database.open({ poolSize: 1 })
    const session = await connection.startSession()
    const released = gate()
    const holding = session.transact(() => released.opened)
    const error = await rejection(session.transact(async () => {}, { timeoutMs: 100 }))
    expect(error).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT', timeoutMs: 100 })
    released.open()
    await holding
  })

  test('counts each call once, by how it ended, and its retries', async () => {
    const database = await testDatabase()
    const metrics = recordingMetrics()
    const connection = await database.open({ metrics })
    const session = await connection.startSession()
    await session.transact(async (tx, { attempt }) => {
      if (attempt < 3) await tx.$executeRawUnsafe(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$`)
    })
    await rejection(session.transact(() => Promise.reject(new Error('no'))))
    expect(metrics.counted('bmdb_transactions_total', { result: 'committed' })).toBe(1)
    expect(metrics.counted('bmdb_transactions_total', { result: 'failed' })).toBe(1)
    expect(metrics.counted('bmdb_transaction_retries_total', { reason: '40001' })).toBe(2)
    expect(metrics.observed.filter((one) => one.name === 'bmdb_transaction_duration_seconds')).toHaveLength(2)
    await session.close()
    await eventually(
      'its end was counted',
      () => metrics.counted('bmdb_sessions_ended_total', { reason: 'closed' }) === 1,
    )
  })
})
