import type { PrismaClient, TransactionClient } from '@bmdb/core'
import { gate, type WireProxy } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { testSessionBehindProxy, type ConformanceDatabase } from './setup.ts'
import { pause, rejection } from './waiting.ts'

/** One call of Prisma that is many statements: what leaks of it finds its machine there. */
const nested = { bmc: { create: { address: 'x' } }, hardwareReport: { create: { report: {} } } }

const writeNested = (tx: TransactionClient<PrismaClient>, id: string) =>
  tx.machine.update({ where: { id }, data: nested })

/** A session for which Prisma has done it before, since the first time takes longer. */
async function testNestedWrite() {
  const all = await testSessionBehindProxy()
  const undone = new Error('undone')
  const first = all.session.transact(async (tx) => {
    await writeNested(tx, all.machineId)
    throw undone
  })
  expect(await rejection(first)).toBe(undone)
  return all
}

/** Slows the nested write down in its middle; resolves when it is there. */
function theMiddle(proxy: WireProxy, ms: number): Promise<void> {
  const there = gate()
  const isThere = ({ text }: { text: string }): boolean => {
    if (!/INSERT INTO .*machine_bmc/.test(text)) return false
    there.open()
    return true
  }
  void proxy.next(isThere, { do: 'delay', ms, when: 'after' })
  return there.opened
}

/** That nothing is there besides the one machine, now and a moment later: what leaks comes late. */
async function expectNothing(database: ConformanceDatabase): Promise<void> {
  await pause(250)
  const [counts] = await database.sql(
    `SELECT (SELECT count(*) FROM machines)::int4 AS machines, (SELECT count(*) FROM machine_bmc)::int4 AS bmcs,
            (SELECT count(*) FROM machine_hardware_report)::int4 AS reports`,
  )
  expect(counts).toEqual({ machines: 1, bmcs: 0, reports: 0 })
}

describe('promise 7: a transaction is all or nothing', () => {
  test('when its time is over in the middle of a nested write', async () => {
    const { database, proxy, session, machineId } = await testNestedWrite()
    const middle = theMiddle(proxy, 600)
    const timeoutMs = 500
    const error = await rejection(session.transact((tx) => writeNested(tx, machineId), { timeoutMs }))
    await middle
    expect(error).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT', timeoutMs })
    await expectNothing(database)
  })

  test('when its caller aborts it there', async () => {
    const { database, proxy, session, machineId } = await testNestedWrite()
    const middle = theMiddle(proxy, 100)
    const caller = new AbortController()
    const { signal } = caller
    const transaction = session.transact((tx) => writeNested(tx, machineId), { signal })
    await middle
    const reason = new Error('changed my mind')
    caller.abort(reason)
    expect(await rejection(transaction)).toBe(reason)
    await expectNothing(database)
  })

  test('when something beside a nested write fails, which then goes on alone', async () => {
    const { database, proxy, session, machineId } = await testNestedWrite()
    const middle = theMiddle(proxy, 100)
    const reason = new Error('the other half failed')
    const transaction = session.transact((tx) =>
      Promise.all([writeNested(tx, machineId), middle.then(() => Promise.reject(reason))]),
    )
    expect(await rejection(transaction)).toBe(reason)
    await expectNothing(database)
  })

  test('when its function goes on after the limit', async () => {
    const { database, session } = await testSessionBehindProxy()
    let late: unknown
    const transaction = session.transact(
      async (tx) => {
        await pause(150)
        late = await rejection(tx.machine.create({ data: {} }))
      },
      { timeoutMs: 50 },
    )
    expect(await rejection(transaction)).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT' })
    await expectNothing(database)
    expect(late).toBeInstanceOf(Error)
  })

  test('when its function swallows the error of a statement: then it rejects with that error', async () => {
    const { database, session, machineId } = await testSessionBehindProxy()
    let swallowed: unknown
    const transaction = session.transact(async (tx) => {
      await tx.machine.create({ data: nested })
      await tx.machine.create({ data: { id: machineId } }).catch((error: unknown) => (swallowed = error))
      return 'all is well'
    })
    expect(await rejection(transaction)).toBe(swallowed)
    expect(swallowed).toMatchObject({ code: 'P2002' })
    await expectNothing(database)
  })

  test('when its session is lost in the middle', async () => {
    const { database, session } = await testSessionBehindProxy()
    const transaction = session.transact(async (tx) => {
      await tx.machine.create({ data: nested })
      void session.close().catch(() => {})
      await tx.machine.create({ data: {} })
    })
    expect(await rejection(transaction)).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'closed' })
    await expectNothing(database)
  })
})
