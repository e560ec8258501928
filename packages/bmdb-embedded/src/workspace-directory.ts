import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/**
 * The workspace that `from` lies in: its nearest ancestor, or itself, whose `package.json` has `workspaces`. The
 * workspace's database lives in `.bmdb/` there.
 *
 * @param from a directory, for instance `process.cwd()`
 * @returns an absolute path; `from` itself if there is no workspace around it
 */
export function findWorkspaceDirectory(from: string): string {
  const start = resolve(from)
  for (let directory = start; ; directory = dirname(directory)) {
    if (hasWorkspaces(join(directory, 'package.json'))) return directory
    if (dirname(directory) === directory) return start
  }
}

function hasWorkspaces(packageFile: string): boolean {
  try {
    const content: unknown = JSON.parse(readFileSync(packageFile, 'utf8'))
    return typeof content === 'object' && content !== null && 'workspaces' in content
  } catch {
    return false
  }
}
