import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findWorkspaceDirectory, throwAwayDatabases } from '@bmdb/embedded'
import { onTestFinished } from 'vitest'

const factory = throwAwayDatabases({
  directory: join(findWorkspaceDirectory(dirname(fileURLToPath(import.meta.url))), '.bmdb/test'),
  durable: false,
})

/** The URL of an empty database of one test's own. */
export async function emptyDatabase(): Promise<string> {
  const database = await (await factory).create()
  onTestFinished(() => database.drop())
  return database.url
}

/** A directory of one test's own. */
export async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bmdb-program-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}
