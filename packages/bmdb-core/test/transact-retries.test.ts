import { describe, expect, test } from 'vitest'
import { RetriesExhaustedError, TransactionTimeoutError } from '../src/index.ts'
import { retryDelayMs } from '../src/retry-delay.ts'
import { count, eventually, failInserts, gate, pause, plainClient, recordingMetrics, rejection } from './helpers.ts'
import { testDatabase, testSession } from './setup.ts'
import { startProxy } from './proxy.ts'

describe('promise 6: retries are invisible and safe', () => {
  describe.each(['statement', 'commit'] as const)('at the %s', (at) => {
    test.each(['40001', '40P01', 'CR000'])('%s is retried until it goes through, and done once', async (sqlState) => {
      const { database, session } = await testSession()
      await failInserts(database, { sqlState, at, times: 2 })
      const attempts: number[] = []
      const result = await session.transact(async (tx, { attempt }) => {
        attempts.push(attempt)
        await tx.machine.create({ data: {} })
        return attempt
      })
      expect(attempts).toEqual([1, 2, 3])
      expect(result).toBe(3)
      expect(await count(database, 'machines')).toBe(2)
    })
  })

  test.each(['57P01', '57P05', '25P03', '08006', '53300'])(
    '%s before COMMIT is retried: nothing was committed',
    async (sqlState) => {
      const { database, session } = await testSession()
      await failInserts(database, { sqlState, at: 'statement' })
      expect(
        await session.transact(async (tx, { attempt }) => {
          await tx.machine.create({ data: {} })
          return attempt
        }),
      ).toBe(2)
      expect(await count(database, 'machines')).toBe(2)
    },
  )

  test('a raw statement, a model operation and a nested write fail in different shapes, and are retried alike', async () => {
    const { database, session } = await testSession()
    await failInserts(database, { sqlState: '40001', at: 'statement', times: 3 })
    const attempts: number[] = []
    await session.transact(async (tx, { attempt }) => {
      attempts.push(attempt)
      if (attempt === 1) await tx.$executeRaw`INSERT INTO machines DEFAULT VALUES`
      else if (attempt === 2) await tx.machine.create({ data: { bmc: { create: { address: 'x' } } } })
      else await tx.machine.createMany({ data: [{}, {}] })
    })
    expect(attempts).toEqual([1, 2, 3, 4])
    expect(await count(database, 'machines')).toBe(3)
  })

  test('a conflict that the function swallows, or turns into an error of its own, is retried all the same', async () => {
    const { database, session } = await testSession()
    await failInserts(database, { sqlState: '40001', at: 'statement', times: 2 })
    expect(
      await session.transact(async (tx, { attempt }) => {
        await tx.machine.create({ data: {} }).catch(() => {
          if (attempt === 1) throw new Error('my own')
        })
        return attempt
      }),
    ).toBe(3)
    expect(await count(database, 'machines')).toBe(2)
  })

  test('two transacts that read what the other writes end as if one had come after the other', async () => {
    const { database, session, machineId } = await testSession()
    await database.sql(`INSERT INTO machine_hardware_report VALUES ($1, '{"n": 0}')`, machineId)
    const bothRead = [gate(), gate()]
    const add = (mine: number) =>
      session.transact(async (tx, { attempt }) => {
        const { report } = await tx.hardwareReport.findUniqueOrThrow({ where: { machineId } })
        bothRead[mine]!.open()
        if (attempt === 1) await bothRead[1 - mine]!.opened
        await tx.hardwareReport.update({
          where: { machineId },
          data: { report: { n: (report as { n: number }).n + 1 } },
        })
        return attempt
      })
    const attempts = await Promise.all([add(0), add(1)])
    expect(attempts.sort()).toEqual([1, 2])
    expect(await database.sql('SELECT hardware_report FROM machine_hardware_report')).toEqual([
      { hardware_report: { n: 2 } },
    ])
  })

  test('write skew is found: of two transacts that each rely on what the other changes one runs again', async () => {
    const { database, session } = await testSession()
    const bothRead = [gate(), gate()]
    const addIfNone = (mine: number) =>
      session.transact(async (tx, { attempt }) => {
        const there = await tx.machine.count()
        bothRead[mine]!.open()
        if (attempt === 1) await bothRead[1 - mine]!.opened
        if (there === 1) await tx.machine.create({ data: {} })
      })
    await Promise.all([addIfNone(0), addIfNone(1)])
    expect(await count(database, 'machines')).toBe(2)
  })

  test('a connection that is lost before COMMIT is replaced', async () => {
    const { database, session } = await testSession()
    const result = await session.transact(async (tx, { attempt }) => {
      await tx.machine.create({ data: {} })
      if (attempt === 1) {
        const [row] = await tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
        await database.sql('SELECT pg_terminate_backend($1)', row!.pid)
        await eventually('it is gone', async () => {
          const rows = await database.sql('SELECT 1 FROM pg_stat_activity WHERE pid = $1', row!.pid)
          return rows.length === 0
        })
      }
      await tx.machine.create({ data: {} })
      return attempt
    })
    expect(result).toBe(2)
    expect(await count(database, 'machines')).toBe(3)
  })

  test('connections that broke while idle are replaced, and the function does not notice', async () => {
    const { database, session } = await testSession()
    await session.transact(async () => {})
    await database.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'bmdb'`,
    )
    await session.transact((tx) => tx.machine.create({ data: {} }))
    expect(await count(database, 'machines')).toBe(2)
  })

  test('where no connection can be had it waits for one, without running the function', async () => {
    const database = await testDatabase()
    const { proxy, url } = await startProxy(database.url)
    const metrics = recordingMetrics()
    const connection = await database.open({ databaseUrl: url, metrics })
    const session = await connection.startSession({ intervalSeconds: 60 })
    proxy.refuse()
    const attempts: number[] = []
    const transacting = session.transact(async (_tx, { attempt }) => void attempts.push(attempt))
    const retries = () => metrics.counted('bmdb_transaction_retries_total', { reason: 'connection' })
    await eventually('it was tried again', () => retries() >= 3)
    proxy.restore()
    await transacting
    expect(attempts).toHaveLength(1)
  })
})

describe('promise 6: nothing else is retried', () => {
  test('what the function throws comes out as it was thrown, after one attempt', async () => {
    const { database, session } = await testSession()
    for (const mine of [new Error('mine'), { not: 'an error' }, 'a text', undefined]) {
      let attempts = 0
      const thrown = await rejection(
        session.transact(async (tx) => {
          attempts += 1
          await tx.machine.create({ data: {} })
          throw mine
        }),
      )
      expect(thrown).toBe(mine)
      expect(attempts).toBe(1)
    }
    expect(await count(database, 'machines')).toBe(1)
  })

  test.each(['23505', '22012', '42P01', 'P0001', '57014', '53100', '55P03'])(
    '%s at a statement is not',
    async (sqlState) => {
      const { database, session } = await testSession()
      await failInserts(database, { sqlState, at: 'statement' })
      let attempts = 0
      let seen: unknown
      const error = await rejection(
        session.transact(async (tx) => {
          attempts += 1
          await tx.machine.create({ data: {} }).catch((error: unknown) => {
            seen = error
            throw error
          })
        }),
      )
      expect(error).toBe(seen)
      expect(attempts).toBe(1)
      expect(await count(database, 'machines')).toBe(1)
    },
  )

  test.each(['23505', '23503', '22012', 'P0001'])('%s at COMMIT is not', async (sqlState) => {
    const { database, session } = await testSession()
    await failInserts(database, { sqlState })
    let attempts = 0
    const error = await rejection(
      session.transact(async (tx) => {
        attempts += 1
        await tx.machine.create({ data: {} })
      }),
    )
    expect(error.message).toContain('made to fail')
    expect(attempts).toBe(1)
    expect(await count(database, 'machines')).toBe(1)
  })
})

describe('promise 6: until the caller’s limit', () => {
  test('maxAttempts attempts that fail are a RetriesExhaustedError with the last conflict inside', async () => {
    const { database, session } = await testSession()
    await failInserts(database, { sqlState: '40001', times: 9 })
    const error = await rejection(session.transact((tx) => tx.machine.create({ data: {} }), { maxAttempts: 3 }))
    expect(error).toBeInstanceOf(RetriesExhaustedError)
    expect(error).toMatchObject({ code: 'ERR_RETRIES_EXHAUSTED', attempts: 3, cause: { message: 'made to fail' } })
    expect(await count(database, 'machines')).toBe(1)
  })

  test('the time limit is a TransactionTimeoutError with the last conflict inside', async () => {
    const { database, session } = await testSession()
    await failInserts(database, { sqlState: '40001', times: 99_999 })
    const error = await rejection(session.transact((tx) => tx.machine.create({ data: {} }), { timeoutMs: 300 }))
    expect(error).toBeInstanceOf(TransactionTimeoutError)
    expect(error).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT', timeoutMs: 300, cause: { code: '40001' } })
    expect(await count(database, 'machines')).toBe(1)
  })

  test('at the time limit it rejects without waiting for the function, nor for a statement that blocks', async () => {
    const { database, session } = await testSession()
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('LOCK TABLE machines IN ACCESS EXCLUSIVE MODE')
    const never = new Promise<void>(() => {})
    const errors = await Promise.all([
      rejection(session.transact(() => never, { timeoutMs: 200 })),
      rejection(session.transact((tx) => tx.machine.create({ data: {} }), { timeoutMs: 200 })),
    ])
    for (const error of errors) expect(error).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT', timeoutMs: 200 })
    await eventually('the server has noticed, and waits no more', async () => {
      const rows = await other.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return rows.rowCount === 0
    })
    await other.query('ROLLBACK')
    expect(await count(database, 'machines')).toBe(1)
  })

  test('pauses grow, jittered, up to a second', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((attempt) => retryDelayMs(attempt, () => 1))
    expect(longest).toEqual([20, 40, 80, 160, 320, 640, 1000, 1000, 1000])
    expect(retryDelayMs(5, () => 0)).toBe(0)
    expect(new Set(Array.from({ length: 10 }, () => retryDelayMs(7))).size).toBeGreaterThan(5)
  })

  test('a caller’s abort ends the pause before the next attempt', async () => {
    const { database, session } = await testSession()
    await failInserts(database, { sqlState: '40001', times: 99_999 })
    const caller = new AbortController()
    const transacting = rejection(session.transact((tx) => tx.machine.create({ data: {} }), { signal: caller.signal }))
    await pause(200)
    const mine = new Error('enough')
    caller.abort(mine)
    expect(await transacting).toBe(mine)
  })
})
