// A program that claims by every way there is, as often as it can, and tells what it held.
import { BMDB, isBMDBError, type PrismaClient, type Work } from '@bmdb/core'
import { ways, type Hold } from './ways.ts'
import type { Orders, Told } from './orders.ts'

process.once('message', (orders: Orders) => {
  hammer(orders).then(
    (told) => process.send!(told, () => process.exit(0)),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.send!({ ready: true })

async function hammer({ databaseUrl, holder, machines, processes, seconds, loops }: Orders): Promise<Told> {
  const connection = await new BMDB({ databaseUrl, componentName: holder, poolSize: loops + 1 }).open()
  const session = await connection.startSession({ intervalSeconds: 10 })
  const told: Told['holds'] = []
  let errors = 0
  const hold: Hold = async (work: Work<PrismaClient>, way) => {
    const fromNs = process.hrtime.bigint()
    let toNs: bigint | undefined
    const stop = (): void => void (toNs ??= process.hrtime.bigint())
    work.signal.addEventListener('abort', stop, { once: true })
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 15))
    stop()
    told.push([work.machineId, work.process, String(work.token), way, String(fromNs), String(toNs)])
    const end = Math.random()
    if (end < 0.5) await work.finish()
    else if (end < 0.75) await work.cancel()
    else await work.fail('on purpose', { initialSeconds: 1 })
  }
  const names = Object.keys(ways)
  const endMs = performance.now() + seconds * 1_000
  await Promise.all(
    Array.from({ length: loops }, async (_, loop) => {
      for (let round = loop; performance.now() < endMs; round++) {
        const process = processes[Math.floor(Math.random() * processes.length)]!
        const ids = [...machines].sort(() => Math.random() - 0.5).slice(0, 10)
        try {
          await ways[names[round % names.length]!]!(session, process, ids, hold)
        } catch (error) {
          // A limit that passed under the load; anything else is a finding.
          if (!isBMDBError(error, 'ERR_TRANSACTION_TIMEOUT')) throw error
          errors += 1
        }
      }
    }),
  )
  await connection.close()
  return { holds: told, timeouts: errors }
}
