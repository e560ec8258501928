// Claims whatever it finds, as a worker does: looks, works, looks again at once, and waits where there was nothing.
// Ends with its parent.
import { setTimeout as sleep } from 'node:timers/promises'
import { BMDB, claimable } from '@bmdb/core'
import { processName, type ClaimantOrders, type ClaimantReport } from './programs.ts'

process.once('disconnect', () => process.exit())
process.once('message', (orders) => void claim(orders as ClaimantOrders))

async function claim({ databaseUrl, pollMs }: ClaimantOrders): Promise<void> {
  const connection = await new BMDB({ databaseUrl, componentName: 'claimant' }).open()
  const session = await connection.startSession({ intervalSeconds: 30 })
  for (let first = true; ;) {
    const work = await session.startWork(processName, (tx) =>
      claimable(tx, processName, { where: { bmc: { isNot: null } } }),
    )
    if (first) process.send?.({ sessionId: session.id } satisfies ClaimantReport)
    first = false
    if (work === null) await sleep(pollMs * (0.5 + Math.random()))
    else await work.finish((tx) => tx.bmc.delete({ where: { machineId: work.machineId } }))
  }
}
