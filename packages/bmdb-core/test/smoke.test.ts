import { expect, test } from 'vitest'
import { claimable } from '../src/index.ts'
import { testSession } from './setup.ts'

test('a session transacts, claims, finishes and closes', async () => {
  const { database, connection, session, machineId } = await testSession()
  const created = await session.transact(async (tx, { attempt }) => {
    expect(attempt).toBe(1)
    return tx.machine.create({ data: {} })
  })
  expect(await connection.prisma.machine.count()).toBe(2)
  await session.work(machineId, 'P', async (work) => {
    expect(work.token).toBe(1n)
    await expect(session.work(machineId, 'P', async () => {})).rejects.toMatchObject({ code: 'ERR_WORK_CONFLICT' })
    await work.transact((tx) => tx.bmc.create({ data: { machineId, address: 'x' } }))
  })
  const work = await session.startWork('P', (tx) => claimable(tx, 'P', { where: { hardwareReport: null } }))
  expect(work!.machineId).toBe(created.id)
  await work!.finish(async (tx) => {
    await tx.hardwareReport.create({ data: { machineId: created.id, report: {} } })
  })
  const again = await session.startWork('P', (tx) => claimable(tx, 'P', { where: { hardwareReport: null } }))
  expect(again!.machineId).toBe(machineId)
  await again!.fail(new Error('no'), { initialSeconds: 60 })
  expect(await session.startWork('P', (tx) => claimable(tx, 'P', { where: { hardwareReport: null } }))).toBeNull()
  expect((await connection.history(machineId)).map((row) => row.event)).toEqual([
    'Failed',
    'Started',
    'Finished',
    'Started',
  ])
  await session.close()
  expect(await database.sql('SELECT * FROM session_status')).toEqual([])
})
