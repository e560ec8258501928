// Holds 1,000 pieces of work, and says what memory that takes. Plain JavaScript, so that nothing is loaded beside BMDB.
import { BMDB } from '@bmdb/core'

const connection = await new BMDB({ databaseUrl: process.argv[2], componentName: 'bench' }).open()
const session = await connection.startSession({ intervalSeconds: 5 })
const machines = await connection.prisma.machine.findMany({ select: { id: true }, take: 1_000 })
const works = await session.startWorkMany(
  'Bench',
  machines.map((machine) => machine.id),
  { limit: 1_000 },
)
// A few beats, each of which compares all of it.
await new Promise((resolve) => setTimeout(resolve, 6_000))
process.stdout.write(JSON.stringify({ rssBytes: process.memoryUsage.rss(), held: works.length }))
await connection.close()
