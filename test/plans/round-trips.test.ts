import { BMDB } from '@bmdb/core'
import { startWireProxy } from '@bmdb/testing'
import { expect, onTestFinished, test } from 'vitest'
import { migratedDatabase } from '../setup.ts'

/** A session on one connection, all of whose statements were prepared, and machines that nobody holds. */
async function warm(machines: number) {
  const { url, client } = await migratedDatabase()
  const proxy = await startWireProxy(url)
  onTestFinished(() => proxy.close())
  const bmdb = new BMDB({ databaseUrl: proxy.url, componentName: 'test', poolSize: 1 })
  const connection = await bmdb.open()
  onTestFinished(() => connection.close())
  const session = await connection.startSession({ intervalSeconds: 60 })
  const ids: string[] = []
  for (let n = 0; n < machines; n++) ids.push((await connection.prisma.machine.create({ data: {} })).id)
  await session.transact((tx) => tx.machine.findFirst())
  await (await session.startWork('P', [ids[0]!]))!.finish()
  const taken = async (run: () => Promise<unknown>): Promise<number> => {
    const before = proxy.counts.roundTrips
    await run()
    return proxy.counts.roundTrips - before
  }
  return { client, connection, session, ids, taken, proxy }
}

test('a claim takes one round trip, an end one, a takeover two', async () => {
  const { client, connection, session, ids, taken } = await warm(3)
  const [a, b, c] = ids as [string, string, string]
  const claimed = (machineId: string) => async (): Promise<void> => {
    expect(await session.startWork('P', [machineId])).not.toBeNull()
  }
  expect(await taken(claimed(a))).toBe(1)
  const works = await session.startWorkMany('P', [b, c], { limit: 2 })
  expect(await taken(() => works[0]!.finish())).toBe(1)
  expect(await taken(() => works[1]!.fail('on purpose'))).toBe(1)
  const again = (await session.startWork('P', [b]))!
  expect(await taken(() => again.cancel())).toBe(1)
  const together = await session.startWorkMany('P', [a, b, c], { ignoreBackoff: true, limit: 2 })
  expect(await taken(() => Promise.all(together.map((work) => work.finish())))).toBe(1)

  const dead = await connection.startSession({ intervalSeconds: 60 })
  await dead.startWork('P', [b])
  await client.query(`UPDATE session_leases SET session_deadline = now() - interval '1 s' WHERE session_id = $1`, [
    dead.id,
  ])
  expect(await taken(claimed(b))).toBe(2)
})

test('a transaction takes two more than it has statements: the guard, its limits and the mark of an end are free', async () => {
  const { session, ids, taken } = await warm(1)
  const work = (await session.startWork('P', ids))!
  await work.transact((tx) => tx.machine.findUnique({ where: { id: ids[0]! } }))
  for (const statements of [1, 3]) {
    const read = async (tx: Parameters<Parameters<typeof session.transact>[0]>[0]): Promise<void> => {
      for (let n = 0; n < statements; n++) await tx.machine.findUnique({ where: { id: ids[0]! } })
    }
    expect(await taken(() => session.transact(read))).toBe(statements + 2)
    expect(await taken(() => work.transact(read))).toBe(statements + 2)
  }
  expect(await taken(() => work.finish((tx) => tx.machine.findUnique({ where: { id: ids[0]! } })))).toBe(3)
})

test('a beat is one statement, whatever the session holds', async () => {
  const { connection, ids, proxy } = await warm(20)
  const beats: string[] = []
  proxy.every(
    ({ name, text }) => {
      if (name !== '' || text !== '') beats.push(name || text)
      return false
    },
    { do: 'delay', ms: 0, when: 'before' },
  )
  const session = await connection.startSession({ intervalSeconds: 1 })
  expect(await session.startWorkMany('Q', ids, { limit: 20 })).toHaveLength(20)
  beats.length = 0
  await expect.poll(() => beats.length, { timeout: 5_000 }).toBeGreaterThanOrEqual(3)
  expect(new Set(beats)).toEqual(new Set(['bmdb_beat']))
})
