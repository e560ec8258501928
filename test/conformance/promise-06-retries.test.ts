import { cockroachErrors, type Fault, type ServerError, type StatementMatch } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { longLease, testDatabase, testSessionBehindProxy } from './setup.ts'
import { rejection } from './waiting.ts'

const conflicts: Record<string, ServerError> = {
  'CockroachDB’s 40001': cockroachErrors.restartTransaction,
  'PostgreSQL’s 40001': { sqlState: '40001', message: 'could not serialize access due to concurrent update' },
  '40P01': { sqlState: '40P01', message: 'deadlock detected' },
  CR000: { sqlState: 'CR000', message: 'restart transaction' },
}

/** Where in a transaction: its first statement, one of the caller's, its end. */
const places: Record<string, StatementMatch> = { BEGIN: 'BEGIN', 'a statement': 'machine_bmc', COMMIT: 'COMMIT' }

const lost: Record<string, Fault> = {
  'a lost connection': { do: 'cut', when: 'before' },
  'a connection lost with the answer': { do: 'cut', when: 'after' },
  'a server that drains': { do: 'answer', with: cockroachErrors.draining, when: 'instead' },
  'too many clients': { do: 'answer', with: cockroachErrors.tooManyConnections, when: 'instead' },
}

describe('promise 6: what can be done again is, and nothing else', () => {
  test(`conflicts, wherever they show: ${Object.keys(conflicts).join(', ')} at ${Object.keys(places).join(', ')}`, async () => {
    const { database, proxy, session, machineId } = await testSessionBehindProxy()
    for (const [conflict, error] of Object.entries(conflicts))
      for (const [place, match] of Object.entries(places)) {
        const attempts: number[] = []
        const happened = proxy.next(match, { do: 'answer', with: error, when: 'instead' })
        const result = await session.transact(async (tx, { attempt }) => {
          attempts.push(attempt)
          await tx.bmc.create({ data: { machineId, address: conflict } })
          return attempt
        })
        await happened
        // The function runs once per attempt, and is told which: an attempt that fails at BEGIN never comes to it.
        expect(result, `${conflict} at ${place}`).toBe(2)
        expect(attempts, `${conflict} at ${place}`).toEqual(place === 'BEGIN' ? [2] : [1, 2])
        expect(await database.sql('DELETE FROM machine_bmc RETURNING bmc_address AS conflict')).toEqual([{ conflict }])
      }
  })

  test(`before COMMIT was sent also: ${Object.keys(lost).join(', ')}`, async () => {
    const { database, proxy, session, machineId } = await testSessionBehindProxy()
    for (const [what, fault] of Object.entries(lost))
      for (const place of ['BEGIN', 'a statement']) {
        // That a statement of the caller's is refused for want of connections does not happen.
        if (what === 'too many clients' && place !== 'BEGIN') continue
        const happened = proxy.next(places[place]!, fault)
        const attempt = await session.transact(async (tx, context) => {
          await tx.bmc.create({ data: { machineId, address: what } })
          return context.attempt
        })
        await happened
        expect(attempt, `${what} at ${place}`).toBe(2)
        expect(await database.sql('DELETE FROM machine_bmc RETURNING bmc_address AS what')).toEqual([{ what }])
      }
  })

  test('real conflicts: forty increments by four programs at once are forty', async () => {
    const database = await testDatabase()
    const [machineId] = await database.machines(1)
    await database.sql(`INSERT INTO machine_bmc (machine_id, bmc_address) VALUES ($1::uuid, '0')`, machineId)
    let runs = 0
    const add = async (): Promise<void> => {
      const session = await (await database.open()).startSession(longLease)
      for (let n = 0; n < 10; n++)
        await session.transact(async (tx) => {
          runs += 1
          const { address } = await tx.bmc.findUniqueOrThrow({ where: { machineId: machineId! } })
          await tx.bmc.update({ where: { machineId: machineId! }, data: { address: String(Number(address) + 1) } })
        })
    }
    await Promise.all([add(), add(), add(), add()])
    expect(await database.sql('SELECT bmc_address AS count FROM machine_bmc')).toEqual([{ count: '40' }])
    // Else there was nothing to retry.
    expect(runs).toBeGreaterThan(40)
  })

  test('until the caller’s limit: then it says so, with the last conflict inside', async () => {
    const { proxy, session } = await testSessionBehindProxy()
    proxy.every('COMMIT', { do: 'answer', with: cockroachErrors.restartTransaction, when: 'instead' })
    const write = () => session.transact((tx) => tx.machine.create({ data: {} }), { timeoutMs: 300 })
    const startMs = performance.now()
    expect(await rejection(write())).toMatchObject({
      code: 'ERR_TRANSACTION_TIMEOUT',
      cause: expect.anything() as Error,
    })
    expect(performance.now() - startMs).toBeLessThan(1_500)
    const thrice = session.transact((tx) => tx.machine.create({ data: {} }), { maxAttempts: 3 })
    expect(await rejection(thrice)).toMatchObject({ code: 'ERR_RETRIES_EXHAUSTED', attempts: 3 })
    proxy.disarm()
  })

  test('nothing else is: what the database refuses, and what the function throws, comes out at once', async () => {
    const { session, machineId } = await testSessionBehindProxy()
    let runs = 0
    const duplicate = session.transact((tx) => {
      runs += 1
      return tx.machine.create({ data: { id: machineId } })
    })
    expect(await rejection(duplicate)).toMatchObject({ code: 'P2002' })
    const mine = new Error('mine')
    const throwing = session.transact(async () => {
      runs += 1
      throw mine
    })
    expect(await rejection(throwing)).toBe(mine)
    expect(runs).toBe(2)
  })
})
