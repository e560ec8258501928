import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BMDB, version } from '@bmdb/core'
import { findWorkspaceDirectory, throwAwayDatabases } from '@bmdb/embedded'
import { Client } from 'pg'
import { onTestFinished } from 'vitest'

/** The workspace's root. */
export const root = findWorkspaceDirectory(dirname(fileURLToPath(import.meta.url)))

const factory = throwAwayDatabases({ directory: join(root, '.bmdb/test'), durable: false })

/** An empty database of one test's own, dropped when the test is over, and a plain client to look at it with. */
export async function emptyDatabase(): Promise<{ url: string; client: Client }> {
  const database = await (await factory).create()
  onTestFinished(() => database.drop())
  const client = new Client({ connectionString: database.url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  return { url: database.url, client }
}

/** The same, with BMDB's migrations applied. */
export async function migratedDatabase(): Promise<{ url: string; client: Client }> {
  const database = await emptyDatabase()
  const connection = await new BMDB({ databaseUrl: database.url, componentName: `test ${version}` }).open({
    migrate: true,
  })
  await connection.close()
  return database
}
