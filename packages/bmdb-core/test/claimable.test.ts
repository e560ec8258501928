import { describe, expect, test } from 'vitest'
import { claimable, type Connection, type PrismaClient } from '../src/index.ts'
import { deadHolder, expire, noBeats, rejection, testMachines } from './work-setup.ts'

type Options = Parameters<typeof claimable<PrismaClient>>[2]

function ask(connection: Connection<PrismaClient>, options?: Options, process = 'P'): Promise<string[]> {
  return connection.prisma.$transaction((tx) => claimable(tx as PrismaClient, process, options))
}

describe('claimable', () => {
  test('returns machines that match, are not held by a live session and not in backoff, for the process', async () => {
    const { connection, machineIds } = await testMachines(4)
    const [held, failed, free, reported] = machineIds as [string, string, string, string]
    const session = await connection.startSession(noBeats)
    await session.startWork('P', [held])
    await (await session.startWork('P', [failed]))!.fail('no', { initialSeconds: 60 })
    await connection.prisma.hardwareReport.create({ data: { machineId: reported, report: {} } })
    expect(await ask(connection, { where: { hardwareReport: null } })).toEqual([free])
    expect(await ask(connection, { where: { hardwareReport: { isNot: null } } })).toEqual([reported])
    expect(await ask(connection)).toEqual([free, reported])
    expect(await ask(connection, {}, 'Q')).toEqual(machineIds)
  })

  test('returns machines of dead holders, and machines whose backoff ran out', async () => {
    const { connection, database, machineIds } = await testMachines(3)
    const [dead, live, failed] = machineIds as [string, string, string]
    const session = await connection.startSession(noBeats)
    await session.startWork('P', [live])
    await (await session.startWork('P', [failed]))!.fail('no', { initialSeconds: 60 })
    await deadHolder(database, connection, [dead])
    expect(await ask(connection)).toEqual([dead])
    await database.sql(`UPDATE work_backoff SET until = now() - interval '1 second'`)
    expect((await ask(connection)).sort()).toEqual([dead, failed].sort())
    await expire(database, session)
    expect((await ask(connection)).sort()).toEqual([...machineIds].sort())
  })

  test('orders by longest untouched first: never claimed ones by age, then by their last claim', async () => {
    const { connection, machineIds } = await testMachines(5)
    const [a, b, c, d, e] = machineIds as [string, string, string, string, string]
    const session = await connection.startSession(noBeats)
    await session.work(d, 'P', () => {})
    await session.work(b, 'P', () => {})
    await session.work(a, 'Q', () => {})
    expect(await ask(connection)).toEqual([a, c, e, d, b])
    await session.work(d, 'P', () => {})
    expect(await ask(connection)).toEqual([a, c, e, b, d])
    expect(await ask(connection, { limit: 2 })).toEqual([a, c])
    expect(await ask(connection, { limit: 4 })).toEqual([a, c, e, b])
    expect(await ask(connection, { limit: 3, where: { id: { in: [b, d, e] } } })).toEqual([e, b, d])
  })

  test('takes another order, and a limit of 10 unless another is given', async () => {
    const { connection, machineIds } = await testMachines(12)
    expect(await ask(connection)).toEqual(machineIds.slice(0, 10))
    const orderBy = { createdAt: 'desc' } as const
    expect(await ask(connection, { orderBy, limit: 3 })).toEqual([...machineIds].reverse().slice(0, 3))
    expect(await ask(connection, { orderBy: [{ createdAt: 'desc' }, { id: 'asc' }] })).toHaveLength(10)
    expect(await ask(connection, { limit: 1000 })).toEqual(machineIds)
  })

  test('a loop that claims by it comes to every machine in turn', async () => {
    const { connection, machineIds } = await testMachines(4)
    const session = await connection.startSession(noBeats)
    const order: string[] = []
    for (let index = 0; index < 8; index++) {
      const work = (await session.startWork('P', (tx) => claimable(tx, 'P', { limit: 1 })))!
      order.push(work.machineId)
      await work.finish()
    }
    expect(order).toEqual([...machineIds, ...machineIds])
  })

  test('does not offer the rows of the tokens of deleted machines', async () => {
    const { connection, database, machineIds } = await testMachines(2)
    const session = await connection.startSession(noBeats)
    for (const id of machineIds) await session.work(id, 'P', () => {})
    await database.sql('DELETE FROM machines WHERE machine_id = $1', machineIds[0])
    expect(await ask(connection)).toEqual([machineIds[1]])
  })

  test('refuses limits out of range and bad process names, naming the value', async () => {
    const { connection } = await testMachines(0)
    for (const limit of [0, -1, 1.5, 1001, NaN, '10' as unknown as number])
      expect(await rejection(ask(connection, { limit }))).toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringMatching(/^limit is /) as string,
      })
    expect(await rejection(ask(connection, {}, ''))).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/^process is ""/) as string,
    })
  })

  test('knows the fields of the client’s machines: a wrong one is a compile error', async () => {
    const { connection, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    // Compiled, and never run.
    const wrong = (): unknown =>
      session.startWork('P', async (tx) => {
        // @ts-expect-error There is no such field.
        await claimable(tx, 'P', { where: { hardwareRaport: null } })
        // @ts-expect-error Not a date.
        await claimable(tx, 'P', { where: { createdAt: true } })
        // @ts-expect-error There is no such field to order by.
        await claimable(tx, 'P', { orderBy: { age: 'asc' } })
        // @ts-expect-error Not a direction.
        await claimable(tx, 'P', { orderBy: { createdAt: 'down' } })
        return claimable(tx, 'P', { where: { bmc: { address: 'x' } }, orderBy: { bmc: { address: 'asc' } } })
      })
    expect(wrong).toBeTypeOf('function')
    const work = await session.startWork('P', (tx) => claimable(tx, 'P', { where: { bmc: null, id: machineIds[0]! } }))
    expect(work?.machineId).toBe(machineIds[0])
  })
})
