import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BMDB } from '@bmdb/core'
import { findWorkspaceDirectory } from '@bmdb/embedded'
import { filesHash, testDatabases, type TestDatabases } from '@bmdb/testing'
import { Client } from 'pg'
import { onTestFinished } from 'vitest'

/** The workspace's root. */
export const root = findWorkspaceDirectory(dirname(fileURLToPath(import.meta.url)))

const empty = testDatabases({ prepare: async () => {} })
const migrated = testDatabases({
  templateName: `bmdb-${filesHash(join(root, 'prisma/migrations'))}`,
  prepare: (databaseUrl) => new BMDB({ databaseUrl, componentName: 'template' }).open({ migrate: true }),
})

/** An empty database of one test's own, dropped when the test is over, and a plain client to look at it with. */
export const emptyDatabase = (): Promise<Database> => databaseOf(empty)

/** The same, with BMDB's migrations applied. */
export const migratedDatabase = (): Promise<Database> => databaseOf(migrated)

interface Database {
  readonly url: string
  readonly client: Client
}

async function databaseOf(databases: Promise<TestDatabases>): Promise<Database> {
  const database = await (await databases).create()
  onTestFinished(() => database.drop())
  const client = new Client({ connectionString: database.url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  return { url: database.url, client }
}
