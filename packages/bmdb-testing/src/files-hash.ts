import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Changes with the files in a folder, their names and their contents: for the `templateName` of test databases that are
 * prepared with these files.
 *
 * @returns 16 hexadecimal digits
 * @throws what reading reports, such as ENOENT
 */
export function filesHash(directory: string): string {
  const hash = createHash('sha256')
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (const file of files.sort()) hash.update(file.slice(directory.length)).update('\0').update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
}
