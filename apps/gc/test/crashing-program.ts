import process from 'node:process'
import { BMDB } from '@bmdb/core'

// Holds a machine until it is killed.
const databaseUrl = process.env['BMDB_DATABASE_URL'] ?? ''
const connection = await new BMDB({ databaseUrl, componentName: 'crashing' }).open()
const session = await connection.startSession({ intervalSeconds: 3 })
const { id } = await connection.prisma.machine.create({ data: {} })
const work = await session.startWork('Paint', [id])
process.stdout.write(`holds ${work?.machineId}\n`)
