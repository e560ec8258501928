// A program with one runner, for two-runners.test.ts: argv is the database's URL. Says `ready` when it has a session.
import { setTimeout as sleep } from 'node:timers/promises'
import { BMDB } from '@bmdb/core'
import { defineProcess, startRunner } from '../src/index.ts'

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
await using connection = await new BMDB({
  databaseUrl: process.argv[2]!,
  componentName: `runner ${process.pid}`,
  poolSize: 16,
}).open()

const inventory = defineProcess({
  name: 'P',
  eligible: { hardwareReport: null },
  async run({ machine, token, prisma }) {
    const fromNs = process.hrtime.bigint()
    await prisma.$executeRaw`INSERT INTO windows VALUES (${machine.id}::uuid, ${token}, ${String(process.pid)}, ${fromNs}, NULL)`
    await sleep(100)
    const toNs = process.hrtime.bigint()
    await prisma.$executeRaw`UPDATE windows SET to_ns = ${toNs} WHERE machine_id = ${machine.id}::uuid AND token = ${token}`
    return async (tx) => {
      await tx.hardwareReport.create({ data: { machineId: machine.id, report: { pid: process.pid } } })
    }
  },
})
const runner = await startRunner(connection, {
  processes: [inventory],
  concurrency: 16,
  intervalSeconds: 2,
  pollSeconds: 0.5,
  signal: stop.signal,
})
runner.on('sessionStarted', () => console.log('ready'))
await runner.stopped
