import { describe, expect, test } from 'vitest'
import { BMDB, claimable, PrismaClient } from '../src/index.ts'
import { count, failInserts, rejection } from './helpers.ts'
import { testDatabase } from './setup.ts'

/** A user's own client: with an extension, its own log, and a method that BMDB's does not have. */
async function ownClient() {
  const database = await testDatabase()
  const statements: string[] = []
  const bmdb = new BMDB({
    databaseUrl: database.url,
    componentName: 'own',
    client: (adapter) => {
      const client = new PrismaClient({ adapter, log: [{ emit: 'event', level: 'query' }] })
      client.$on('query', ({ query }) => statements.push(query))
      return client.$extends({
        model: {
          machine: {
            async withBmc(this: unknown, address: string) {
              return (this as PrismaClient['machine']).create({ data: { bmc: { create: { address } } } })
            },
          },
        },
        result: { machine: { label: { needs: { id: true }, compute: ({ id }) => `machine ${id}` } } },
      })
    },
  })
  const connection = await bmdb.open()
  const session = await connection.startSession({ intervalSeconds: 60 })
  return { database, connection, session, statements }
}

describe('a client of one’s own', () => {
  test('is what connection.prisma and tx are', async () => {
    const { connection, session, statements } = await ownClient()
    const id = await session.transact(async (tx) => {
      const machine = await tx.machine.withBmc('10.0.0.1')
      expect(await tx.machine.findUniqueOrThrow({ where: { id: machine.id } })).toMatchObject({
        label: `machine ${machine.id}`,
      })
      return machine.id
    })
    expect(await connection.prisma.machine.findFirst()).toMatchObject({ label: `machine ${id}` })
    expect(await connection.prisma.bmc.findFirst()).toEqual({ machineId: id, address: '10.0.0.1' })
    expect(statements.some((text) => text.startsWith('INSERT INTO "public"."machine_bmc"'))).toBe(true)
    await connection.close()
  })

  test('is guarded, retried and all or nothing as BMDB’s own is', async () => {
    const { database, connection, session } = await ownClient()
    await failInserts(database, { sqlState: '40001', table: 'machine_bmc' })
    expect(
      await session.transact(async (tx, { attempt }) => {
        await tx.machine.withBmc('a')
        return attempt
      }),
    ).toBe(2)
    let swallowed: unknown
    const error = await rejection(
      session.transact(async (tx) => {
        await tx.machine.withBmc('b')
        await tx.$executeRaw`SELECT 1 / 0`.catch((error: unknown) => (swallowed = error))
      }),
    )
    expect(error).toBe(swallowed)
    await database.sql('DELETE FROM sessions')
    expect(await rejection(session.transact((tx) => tx.machine.withBmc('c')))).toMatchObject({
      code: 'ERR_SESSION_EXPIRED',
    })
    expect(await count(database, 'machine_bmc')).toBe(1)
    await connection.close()
  })

  test('finds and holds work as BMDB’s own does', async () => {
    const { connection, session } = await ownClient()
    const machine = await connection.prisma.machine.withBmc('a')
    const work = await session.startWork('P', (tx) => claimable(tx, 'P', { where: { bmc: { address: 'a' } } }))
    expect(work!.machineId).toBe(machine.id)
    await work!.finish(async (tx) => void (await tx.machine.withBmc('b')))
    expect(await connection.prisma.machine.count()).toBe(2)
    await connection.close()
  })
})
