import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { copyBinaries, findPlatformPackage, makeLinks } from '../src/binaries.ts'
import { chooseServerUser, isReachable } from '../src/server-user.ts'
import { copyPlatformPackage } from './support/platform-package.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

it('makes the links that an install script did not, also when ten programs do so at once', async () => {
  const { native } = await withoutLinks()
  expect(await Promise.all(Array.from({ length: 10 }, () => makeLinks(native)))).toEqual(Array(10).fill(true))
  expect(await version(native)).toContain('PostgreSQL')
})

it('copies the binaries once, whole, for a user who cannot reach them', async () => {
  const { root } = await withoutLinks()
  const parent = dirname(await temporaryDirectory())
  const umask = process.umask(0o077)
  onTestFinished(() => void process.umask(umask))
  const installed = { ...(await findPlatformPackage()), root }
  const [first, second] = await Promise.all([copyBinaries(installed, parent), copyBinaries(installed, parent)])
  expect(second).toBe(first)
  expect(await readdir(parent)).toEqual([basename(dirname(first))])
  expect(await isReachable(join(first, 'lib'), await chooseServerUser(0))).toBe(true)
  expect(await version(first)).toContain('PostgreSQL')
})

async function withoutLinks(): Promise<{ root: string; native: string }> {
  const modules = await temporaryDirectory('modules', 0o700)
  await copyPlatformPackage(modules)
  const root = join(modules, basename((await findPlatformPackage()).root))
  return { root, native: join(root, 'native') }
}

/** `initdb` needs one of the libraries that are found through a link. */
async function version(native: string): Promise<string> {
  const user = await chooseServerUser(0)
  const options = native.includes('modules') ? {} : { ...user }
  const { stdout } = await promisify(execFile)(join(native, 'bin', 'initdb'), ['--version'], options)
  return stdout
}
