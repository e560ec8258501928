// A program that attaches to the directory in its arguments, says what it got, and detaches when told to.
import { attachEmbeddedDatabase } from '../../src/index.ts'

try {
  const database = await attachEmbeddedDatabase({ directory: process.argv[2] ?? '', durable: false })
  process.on('message', () => {
    void database.close().then(() => process.disconnect())
  })
  process.send?.({ url: database.url, started: database.started })
} catch (error) {
  process.send?.({ error: error instanceof Error ? { ...error, message: error.message } : String(error) })
  process.disconnect()
}
