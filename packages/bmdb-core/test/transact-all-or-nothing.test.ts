import { describe, expect, test } from 'vitest'
import type { Prisma, PrismaClient, TransactionClient } from '../src/index.ts'
import { count, failInserts, pause, plainClient, rejection, somebodyWaits } from './helpers.ts'
import { testSession } from './setup.ts'

type Tx = TransactionClient<PrismaClient>

/** Fails for a machine that is there already. */
const duplicate = (tx: Tx, machineId: string) => tx.machine.create({ data: { id: machineId } })

describe('promise 7: a transaction is all or nothing', () => {
  test('a function that throws leaves nothing', async () => {
    const { database, session } = await testSession()
    await rejection(
      session.transact(async (tx) => {
        await tx.machine.create({ data: { bmc: { create: { address: 'x' } } } })
        throw new Error('no')
      }),
    )
    expect(await count(database, 'machines')).toBe(1)
    expect(await count(database, 'machine_bmc')).toBe(0)
  })

  test('a function that swallows the error of a statement: transact rejects with that very error', async () => {
    const { database, session, machineId } = await testSession()
    let swallowed: unknown
    const error = await rejection(
      session.transact(async (tx) => {
        await tx.machine.create({ data: {} })
        await duplicate(tx, machineId).catch((error: unknown) => (swallowed = error))
        return 'fine'
      }),
    )
    expect(swallowed).toMatchObject({ code: 'P2002' })
    expect(error).toBe(swallowed)
    expect(await count(database, 'machines')).toBe(1)
  })

  test('a swallowed error of a raw statement counts as much', async () => {
    const { database, session } = await testSession()
    let swallowed: unknown
    const error = await rejection(
      session.transact(async (tx) => {
        await tx.machine.create({ data: {} })
        await tx.$executeRaw`SELECT 1 / 0`.catch((error: unknown) => (swallowed = error))
      }),
    )
    expect(swallowed).toBeDefined()
    expect(error).toBe(swallowed)
    expect(await count(database, 'machines')).toBe(1)
  })

  test('statements after a swallowed error fail too, and what the function throws then comes out', async () => {
    const { database, session, machineId } = await testSession()
    const mine = new Error('mine')
    const error = await rejection(
      session.transact(async (tx) => {
        await duplicate(tx, machineId).catch(() => {})
        await expect(tx.machine.create({ data: {} })).rejects.toThrow()
        throw mine
      }),
    )
    expect(error).toBe(mine)
    expect(await count(database, 'machines')).toBe(1)
  })

  test('a query that Prisma itself refuses was never sent, and spoils nothing', async () => {
    const { database, session } = await testSession()
    await session.transact(async (tx) => {
      await tx.machine.create({ data: {} })
      await tx.machine.create({ data: { nonsense: 1 } as Prisma.MachineCreateInput }).catch(() => {})
    })
    expect(await count(database, 'machines')).toBe(2)
  })

  test('a time limit in the middle of a nested write leaves nothing', async () => {
    const { database, session } = await testSession()
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('LOCK TABLE machine_bmc IN ACCESS EXCLUSIVE MODE')
    const error = await rejection(
      session.transact(
        (tx) =>
          tx.machine.create({
            data: { bmc: { create: { address: 'x' } }, hardwareReport: { create: { report: {} } } },
          }),
        { timeoutMs: 500 },
      ),
    )
    expect(error).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT' })
    await other.query('ROLLBACK')
    await pause(300)
    expect(await count(database, 'machines')).toBe(1)
    expect(await count(database, 'machine_bmc')).toBe(0)
    expect(await count(database, 'machine_hardware_report')).toBe(0)
  })

  test('an abort in the middle of a nested write leaves nothing', async () => {
    const { database, session } = await testSession()
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('LOCK TABLE machine_bmc IN ACCESS EXCLUSIVE MODE')
    const caller = new AbortController()
    const nested = { bmc: { create: { address: 'x' } }, hardwareReport: { create: { report: {} } } }
    const transacting = rejection(
      session.transact((tx) => tx.machine.create({ data: nested }), { signal: caller.signal }),
    )
    await somebodyWaits(database, 'machine_bmc')
    const mine = new Error('enough')
    caller.abort(mine)
    expect(await transacting).toBe(mine)
    await other.query('ROLLBACK')
    await pause(300)
    expect(await count(database, 'machines')).toBe(1)
    expect(await count(database, 'machine_hardware_report')).toBe(0)
  })

  test('a sibling that fails while a nested write runs leaves nothing', async () => {
    const { database, session, machineId } = await testSession()
    const data = { bmc: { create: { address: 'x' } }, hardwareReport: { create: { report: {} } } }
    const error = await rejection(
      session.transact((tx) => Promise.all([tx.machine.create({ data }), duplicate(tx, machineId)])),
    )
    expect(error).toMatchObject({ code: 'P2002' })
    await pause(200)
    expect(await count(database, 'machines')).toBe(1)
    expect(await count(database, 'machine_bmc')).toBe(0)
    expect(await count(database, 'machine_hardware_report')).toBe(0)
  })

  test('a function that throws while a nested write runs leaves nothing', async () => {
    const { database, session } = await testSession()
    const data = { bmc: { create: { address: 'x' } }, hardwareReport: { create: { report: {} } } }
    const mine = new Error('mine')
    const error = await rejection(
      session.transact(async (tx) => {
        tx.machine.create({ data }).catch(() => {})
        await pause(5)
        throw mine
      }),
    )
    expect(error).toBe(mine)
    await pause(200)
    expect(await count(database, 'machines')).toBe(1)
    expect(await count(database, 'machine_bmc')).toBe(0)
  })

  test('a function that returns without awaiting a statement is refused, and leaves nothing', async () => {
    const { database, session } = await testSession()
    const error = await rejection(
      session.transact(async (tx) => {
        await tx.machine.create({ data: {} })
        tx.$executeRaw`SELECT pg_sleep(5)`.catch(() => {})
        await pause(50)
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(error.message).toContain('await')
    expect(await count(database, 'machines')).toBe(1)
  })

  test('a tx that outlives its transaction is dead', async () => {
    const { database, session } = await testSession()
    let kept: Tx | undefined
    await session.transact(async (tx) => void (kept = tx))
    await expect(kept!.machine.create({ data: {} })).rejects.toThrow()
    await rejection(
      session.transact(
        (tx) => {
          kept = tx
          return new Promise<void>(() => {})
        },
        { timeoutMs: 100 },
      ),
    )
    await expect(kept!.machine.create({ data: {} })).rejects.toThrow()
    await expect(kept!.$executeRaw`INSERT INTO machines DEFAULT VALUES`).rejects.toThrow()
    expect(await count(database, 'machines')).toBe(1)
  })

  test('the tx of an attempt that failed is dead in the next one', async () => {
    const { database, session } = await testSession()
    await failInserts(database, { sqlState: '40001', at: 'statement' })
    let first: Tx | undefined
    await session.transact(async (tx, { attempt }) => {
      first ??= tx
      if (attempt === 2) await expect(first.machine.create({ data: {} })).rejects.toThrow()
      await tx.machine.create({ data: {} })
    })
    expect(await count(database, 'machines')).toBe(2)
  })

  test.each(['COMMIT', 'commit;', 'END', 'COMMIT AND CHAIN', 'ROLLBACK', ' /* x */ abort', '-- x\nCOMMIT WORK'])(
    'a function that sends %j itself is refused, and leaves nothing',
    async (text) => {
      const { database, session } = await testSession()
      const error = await rejection(
        session.transact(async (tx) => {
          await tx.machine.create({ data: {} })
          await tx.$executeRawUnsafe(text)
          await tx.machine.create({ data: {} })
        }),
      )
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
      expect(await count(database, 'machines')).toBe(1)
    },
  )

  test('a function that hides a COMMIT behind another statement does not get away with it', async () => {
    const { database, session } = await testSession()
    const error = await rejection(
      session.transact(async (tx) => {
        await tx.$executeRawUnsafe('SELECT 1; COMMIT; SELECT 2')
        await tx.machine.create({ data: {} })
      }),
    )
    expect(error).toBeInstanceOf(Error)
    expect(await count(database, 'machines')).toBe(1)
  })

  test('a deferred constraint that fails at COMMIT leaves nothing, and its error comes out', async () => {
    const { database, session } = await testSession()
    await failInserts(database, { sqlState: '23514' })
    const error = await rejection(session.transact((tx) => tx.machine.create({ data: {} })))
    expect(error.message).toContain('made to fail')
    expect(await count(database, 'machines')).toBe(1)
  })

  test('a nested $transaction that fails takes only its own writes with it when it is caught', async () => {
    const { database, session, machineId } = await testSession()
    await session.transact(async (tx) => {
      const outer = await tx.machine.create({ data: {} })
      const inner = (tx as PrismaClient).$transaction(async (nested) => {
        await nested.bmc.create({ data: { machineId: outer.id, address: 'x' } })
        await duplicate(nested, machineId)
      })
      expect(await rejection(inner)).toMatchObject({ code: 'P2002' })
      await tx.bmc.create({ data: { machineId, address: 'y' } })
    })
    expect(await database.sql('SELECT bmc_address FROM machine_bmc')).toEqual([{ bmc_address: 'y' }])
    expect(await count(database, 'machines')).toBe(2)
  })
})
