import { join } from 'node:path'
import { attachEmbeddedDatabase } from '@bmdb/embedded'

/**
 * Holds the server that tests have their databases on, from before the first to after the last: whoever lets go of it
 * last ends it, and processes of tests end without letting go.
 */
export default async function holdTestServer(): Promise<() => Promise<void>> {
  const directory = join(import.meta.dirname, '../.bmdb/test')
  const database = await attachEmbeddedDatabase({ directory, database: 'postgres', durable: false, inMemory: true })
  return () => database.close()
}
