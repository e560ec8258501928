// Holds 1,000 pieces of work, and says what memory that takes. Plain JavaScript, so that nothing is loaded beside BMDB.
import { setTimeout as sleep } from 'node:timers/promises'
import { BMDB } from '@bmdb/core'

const connection = await new BMDB({ databaseUrl: process.argv[2], componentName: 'bench' }).open()
const session = await connection.startSession({ intervalSeconds: 5 })
const machines = await connection.prisma.machine.findMany({ select: { id: true }, take: 1_000 })
const emptyBytes = process.memoryUsage.rss()
const works = await session.startWorkMany(
  'Bench',
  machines.map((machine) => machine.id),
  { limit: 1_000 },
)
if (works.length !== 1_000) throw new Error(`${works.length} of 1,000 machines were claimed`)
// A few beats, each of which compares all of it.
await sleep(6_000)
const rssBytes = process.memoryUsage.rss()
const peakBytes = process.resourceUsage().maxRSS * 1_024
process.stdout.write(JSON.stringify({ rssBytes, peakBytes, emptyBytes, held: works.length }))
await connection.close()
