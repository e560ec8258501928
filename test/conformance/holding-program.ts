// Holds a machine, for as long as it lives. Arguments: database URL, machine id, `idle` or `transact`.
import { argv, stdout } from 'node:process'
import { BMDB } from '@bmdb/core'

const [databaseUrl = '', machineId = '', doing] = argv.slice(2)
const tell = (line: object): void => void stdout.write(`${JSON.stringify(line)}\n`)

const connection = await new BMDB({ databaseUrl, componentName: 'holding' }).open()
// Prisma's first query takes its time: before the clock runs.
await connection.prisma.machine.count()
const session = await connection.startSession({ intervalSeconds: 1 })
const work = await session.startWork('P', [machineId])
tell({ held: String(work?.token), session: session.id })

if (doing === 'transact')
  await session
    .transact(async (tx) => {
      await tx.bmc.create({ data: { machineId, address: 'written by a frozen program' } })
      tell({ written: true })
      // Whoever freezes it does so now.
      await new Promise((resolve) => setTimeout(resolve, 500))
    })
    .then(
      () => tell({ outcome: 'committed' }),
      (error: Error & { code?: string }) => tell({ outcome: error.code ?? error.message }),
    )
else setInterval(() => {}, 1_000)
