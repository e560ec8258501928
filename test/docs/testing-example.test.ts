import { BMDB } from '@bmdb/core'
import { checkExclusion, startWireProxy, testDatabases, type Hold, type JournalRow } from '@bmdb/testing'
import { afterAll, expect, test } from 'vitest'

const databases = testDatabases({
  prepare: (databaseUrl) => new BMDB({ databaseUrl, componentName: 'test' }).open({ migrate: true }),
})
afterAll(async () => (await databases).close()) // drops what is left, and ends the server if nobody else uses it

test('a finish whose answer is lost has finished', { timeout: 30_000 }, async () => {
  await using database = await (await databases).create()
  await using proxy = await startWireProxy(database.url)
  await using connection = await new BMDB({ databaseUrl: proxy.url, componentName: 'worker 1' }).open()
  await using session = await connection.startSession()
  const machine = await connection.prisma.machine.create({ data: {} })

  const work = await session.startWork('Inventory', [machine.id])
  const fromNs = process.hrtime.bigint()
  // Armed after the claim, or the claim's own COMMIT might be the one that it strikes.
  const struck = proxy.next(/^COMMIT$/, { do: 'cut', when: 'after' }) // done, and the answer is lost
  const toNs = process.hrtime.bigint()
  await work?.finish((tx) => tx.hardwareReport.create({ data: { machineId: machine.id, report: {} } }))
  await struck // resolves when it has happened

  const lock = { machineId: machine.id, process: 'Inventory' }
  const holds: Hold[] = [{ ...lock, token: work!.token, holder: 'worker 1', fromNs, toNs }]
  const journal = await database.sql<JournalRow>(
    `SELECT machine_id AS "machineId", process, event, work_token AS token, session_id AS "sessionId"
     FROM work_history`,
  )
  expect(checkExclusion({ holds, journal, outside: [], pauses: [] })).toEqual([])
  expect(await connection.prisma.hardwareReport.count()).toBe(1)
})
