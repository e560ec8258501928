import { describe, expect, test } from 'vitest'
import { noBeats, expire, testMachines } from './work-setup.ts'

describe('promise 8: tokens only grow', () => {
  test('across finish, fail, cancel, close, takeover, sweep and the deletion of the row, in one process', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const tokens: bigint[] = []
    const holder = async () => {
      const session = await connection.startSession(noBeats)
      const work = (await session.startWork('P', machineIds, { ignoreBackoff: true }))!
      tokens.push(work.token)
      return { session, work }
    }
    await (await holder()).work.finish()
    await (await holder()).work.fail('no')
    await (await holder()).work.cancel()
    await (await holder()).session.close()
    await expire(database, (await holder()).session)
    await expire(database, (await holder()).session)
    await connection.sweep()
    await holder()
    await database.sql('DELETE FROM work')
    await holder()
    expect(tokens).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n])
  })

  test('when the machine is deleted and registered again under the same id', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    await session.work(machineIds[0]!, 'P', () => {})
    await session.work(machineIds[0]!, 'P', () => {})
    await database.sql('DELETE FROM machines')
    await database.sql('INSERT INTO machines (machine_id) VALUES ($1)', machineIds[0])
    expect(await session.work(machineIds[0]!, 'P', (work) => work.token)).toBe(3n)
  })

  test('each process on each machine has tokens of its own', async () => {
    const { connection, machineIds } = await testMachines(2)
    const session = await connection.startSession(noBeats)
    const [a, b] = machineIds as [string, string]
    const token = (id: string, process: string) => session.work(id, process, (work) => work.token)
    expect([await token(a, 'P'), await token(a, 'P'), await token(a, 'Q'), await token(b, 'P')]).toEqual([
      1n,
      2n,
      1n,
      1n,
    ])
  })

  test('beyond what a JavaScript number holds exactly', async () => {
    const { connection, database, machineIds } = await testMachines(1)
    await database.sql('INSERT INTO work_tokens VALUES ($1, $2, $3)', machineIds[0], 'P', '9007199254740993')
    const session = await connection.startSession(noBeats)
    const work = (await session.startWork('P', () => machineIds))!
    expect(work.token).toBe(9007199254740994n)
    await work.transact(async () => {})
    await work.finish()
  })
})
