// Claims one machine and works on it, one guarded transaction after the other, until it is killed. Ends with its parent.
import { setTimeout as sleep } from 'node:timers/promises'
import { BMDB } from '@bmdb/core'
import { processName, type HolderOrders, type HolderReport } from './programs.ts'

process.once('disconnect', () => process.exit())
process.once('message', (orders) => void hold(orders as HolderOrders))

async function hold({ databaseUrl, machineId, intervalSeconds }: HolderOrders): Promise<void> {
  const connection = await new BMDB({ databaseUrl, componentName: 'holder' }).open()
  const session = await connection.startSession({ intervalSeconds })
  const work = await session.startWork(processName, [machineId])
  if (work === null) throw new Error(`machine ${machineId} is not free`)
  // From now on the machine is one that the claimant wants.
  await work.transact((tx) => tx.bmc.create({ data: { machineId, address: '0' } }))
  process.send?.({ sessionId: session.id } satisfies HolderReport)
  for (let n = 1; ; n++) {
    await work.transact((tx) => tx.bmc.update({ where: { machineId }, data: { address: String(n) } }))
    await sleep(20)
  }
}
