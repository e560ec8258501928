import type { PrismaClient, TransactionClient, Work } from '@bmdb/core'
import { cockroachErrors } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { hold, testSessionBehindProxy } from './setup.ts'
import { rejection } from './waiting.ts'

describe('promise 11: a failed end can be tried again', () => {
  test('after each kind of failure the work is still held, and finish, fail or cancel may follow', async () => {
    const { database, proxy, session, machineId } = await testSessionBehindProxy()
    const store = (tx: TransactionClient<PrismaClient>) => tx.bmc.create({ data: { machineId, address: 'x' } })
    const again = { do: 'answer', with: cockroachErrors.restartTransaction, when: 'instead' } as const
    const failures: Record<string, (work: Work<PrismaClient>) => Promise<unknown>> = {
      'the function throws': (work) => work.finish(() => Promise.reject(new Error('not yet'))),
      'the database refuses what it writes': (work) =>
        work.finish((tx) => tx.machine.create({ data: { id: machineId } })),
      'its time is over': (work) => work.finish(() => new Promise(() => {}), { timeoutMs: 50 }),
      'its caller aborts it': (work) => work.finish(store, { signal: AbortSignal.abort(new Error('no')) }),
      'its attempts are used up': (work) => {
        void proxy.next(/^COMMIT$/, again)
        return work.finish(store, { maxAttempts: 1 })
      },
      'its backoff is out of range': (work) => work.fail('x', { initialSeconds: -1 }),
    }
    const ends = {
      Finished: (work: Work<PrismaClient>) => work.finish(),
      Failed: (work: Work<PrismaClient>) => work.fail('in the end'),
      Canceled: (work: Work<PrismaClient>) => work.cancel(),
    }
    for (const [index, [what, failure]] of Object.entries(failures).entries()) {
      const work = (await session.startWork('P', [machineId], { ignoreBackoff: true }))!
      const error = await rejection(failure(work))
      expect(['ERR_SESSION_EXPIRED', 'ERR_WORK_LOST', 'ERR_COMMIT_OUTCOME_UNKNOWN'], what).not.toContain(
        (error as { code?: string }).code,
      )
      expect(work.signal.aborted, what).toBe(false)
      await work.transact(async () => {})
      const [event, end] = Object.entries(ends)[index % 3]!
      await end(work)
      const rows = (await database.journal()).filter((row) => row.token === work.token)
      expect(rows.map((row) => row.event).sort(), what).toEqual(['Started', event].sort())
    }
    expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
  })

  test('but not after one that was successful', async () => {
    const { session, machineId } = await testSessionBehindProxy()
    const work = await hold(session, machineId)
    await work.finish()
    for (const end of [() => work.finish(), () => work.fail('x'), () => work.cancel()])
      expect(await rejection(end())).toMatchObject({ code: 'ERR_WORK_ENDED' })
  })
})
