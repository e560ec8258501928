// npm start: builds what changed, quietly, and runs the dev stack in this process, so that signals reach it directly.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const main = join(root, 'tools/dev-stack/dist/main.js')
const manifest = createRequire(import.meta.url)('nx/package.json')
const nx = join(root, 'node_modules/nx', manifest.bin.nx)

process.stdout.write(existsSync(main) ? 'building what changed\n' : 'building (the first time takes half a minute)\n')
// The command line too: it is how one looks at what then runs.
const build = spawnSync(process.execPath, [nx, 'run-many', '-t', 'build', '-p', 'dev-stack,cli'], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'pipe'],
})
if (build.status === 0) {
  await import(main)
} else {
  process.stderr.write(`${build.stdout}${build.stderr}npm start: the build failed\n`)
  process.exitCode = 1
}
