import type { Connection, PrismaClient, Session, TransactionClient, Work } from '@bmdb/core'
import { gate } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { hold, longLease, testDatabase } from './setup.ts'
import { pause, rejection } from './waiting.ts'

interface Holding {
  readonly session: Session<PrismaClient>
  readonly work: Work<PrismaClient>
}

type Write = (tx: TransactionClient<PrismaClient>) => Promise<unknown>

/** Everything by which a holder may write. */
const ways: Record<string, (holding: Holding, write: Write) => Promise<unknown>> = {
  'session.transact': ({ session }, write) => session.transact(write),
  'work.transact': ({ work }, write) => work.transact(write),
  'finish with a function': ({ work }, write) => work.finish(write),
  finish: ({ work }) => work.finish(),
  fail: ({ work }) => work.fail('no', { initialSeconds: 60 }),
  cancel: ({ work }) => work.cancel(),
}

/** Ways in which others end a session whose program believes that it holds. */
const losses: Record<string, (others: Connection<PrismaClient>, machineId: string) => Promise<unknown>> = {
  'a takeover': async (others, machineId) =>
    hold(await others.startSession(longLease), machineId).then((work) => work.finish()),
  'a sweep': (others) => others.sweep(),
}

/** A holder, and the connection of others. */
async function twoPrograms() {
  const database = await testDatabase()
  const [own, others] = await Promise.all([database.open(), database.open()])
  const holding = async (): Promise<Holding & { machineId: string }> => {
    const [machineId] = await database.machines(1)
    const session = await own.startSession(longLease)
    return { session, work: await hold(session, machineId!), machineId: machineId! }
  }
  return { database, holding, others }
}

const write =
  (machineId: string): Write =>
  (tx) =>
    tx.bmc.create({ data: { machineId, address: 'written after the loss' } })

describe('promise 2: once its session is gone, nothing that a holder does commits', () => {
  for (const [loss, end] of Object.entries(losses))
    test(`after ${loss}: ${Object.keys(ways).join(', ')}`, async () => {
      const { database, holding, others } = await twoPrograms()
      for (const way of Object.values(ways)) {
        const held = await holding()
        await database.expire(held.session)
        await end(others, held.machineId)
        const before = await database.journal()
        expect(held.session.expired).toBe(false)
        const error = await rejection(way(held, write(held.machineId)))
        expect(error).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deleted' })
        expect(await database.journal()).toEqual(before)
      }
      expect(await database.sql('SELECT * FROM machine_bmc')).toEqual([])
      expect(await database.sql('SELECT * FROM work_backoff')).toEqual([])
    })

  for (const name of ['session.transact', 'work.transact', 'finish with a function'])
    test(`in real time: a ${name} that is open when somebody takes over commits before that, or not at all`, async () => {
      const { database, holding, others } = await twoPrograms()
      const held = await holding()
      const taker = await others.startSession(longLease)
      const written = gate()
      const resume = gate()
      const order: string[] = []
      const writing = ways[name]!(held, async (tx) => {
        await write(held.machineId)(tx)
        written.open()
        await resume.opened
      }).then(
        () => order.push('written'),
        () => order.push('refused'),
      )
      await written.opened
      await database.expire(held.session)
      const taking = hold(taker, held.machineId).then(() => order.push('taken over'))
      // PostgreSQL ends the holder's transaction meanwhile; CockroachDB lets the taker wait for it.
      await Promise.race([taking, pause(2_000)])
      resume.open()
      await Promise.all([writing, taking])
      expect(order).not.toEqual(['taken over', 'written'])
      expect(await database.sql('SELECT * FROM machine_bmc')).toHaveLength(order.includes('written') ? 1 : 0)
    })
})
