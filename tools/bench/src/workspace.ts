import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The workspace's root. */
export const workspace = join(import.meta.dirname, '../../..')

/** Builds a project, if what was built is missing or old. */
export async function buildOf(project: string, signal: AbortSignal): Promise<void> {
  const require = createRequire(join(workspace, 'package.json'))
  const { bin } = require('nx/package.json') as { bin: { nx: string } }
  const nx = join(workspace, 'node_modules/nx', bin.nx)
  await promisify(execFile)(process.execPath, [nx, 'run-many', '-t', 'build', '-p', project], {
    cwd: workspace,
    signal,
  })
}
