// Keeps 1,000 sessions alive until its standard input ends. Plain JavaScript, so that nothing is loaded beside BMDB.
import { BMDB } from '@bmdb/core'

const connection = await new BMDB({ databaseUrl: process.argv[2], componentName: 'bench' }).open()
const sessions = []
while (sessions.length < 1_000)
  sessions.push(
    ...(await Promise.all(Array.from({ length: 20 }, () => connection.startSession({ intervalSeconds: 5 })))),
  )
process.stdout.write('beating\n')
for await (const _ of process.stdin);
const lost = sessions.filter((session) => session.expired).length
process.stdout.write(`${lost} lost\n`)
process.exit(0)
