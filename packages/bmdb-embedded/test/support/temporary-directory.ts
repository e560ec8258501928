import { constants } from 'node:fs'
import { access, chmod, mkdtemp, realpath, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { withDeadline } from '../../src/deadline.ts'
import { removeServer } from '../../src/server.ts'

/** A directory for one test: its server is stopped, and the directory removed, when the test has finished. */
export async function temporaryDirectory(name = 'workspace', mode = 0o755): Promise<string> {
  const parent = await mkdtemp(join(await temporaryParent(), 'bmdb-test-'))
  await chmod(parent, mode)
  const directory = join(parent, name)
  onTestFinished(async () => {
    await withDeadline('cleaning up', {}, (deadline) => removeServer(directory, deadline))
    await rm(parent, { recursive: true, force: true, maxRetries: 5 })
  })
  return directory
}

/** In memory where there is enough of it: a new server has a thousand files, which some disks take seconds to make. */
async function temporaryParent(): Promise<string> {
  try {
    await access('/dev/shm', constants.W_OK)
    const { bavail, bsize } = await statfs('/dev/shm')
    if (bavail * bsize > 2 * 1024 ** 3) return '/dev/shm'
  } catch {
    // There is none.
  }
  return realpath(tmpdir())
}
