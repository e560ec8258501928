// npm run bench: installs what the benchmarks alone need, where that is missing or old, and runs them on the Node that
// comes with it: the peers need a newer one than BMDB does.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname
const windows = process.platform === 'win32'
const lock = readFileSync(join(here, 'package-lock.json'), 'utf8')
const stamp = join(here, 'node_modules/.installed-lock')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  process.stderr.write('bench: installing the peers (about 280 MB, once)\n')
  // Its standard output would stand before the figures.
  const install = spawnSync('npm', ['ci'], { cwd: here, stdio: ['ignore', 'ignore', 'inherit'], shell: windows })
  if (install.status !== 0) {
    process.stderr.write('bench: npm ci in tools/bench failed\n')
    process.exit(1)
  }
  writeFileSync(stamp, lock)
}
const node = join(here, 'node_modules/node/bin', windows ? 'node.exe' : 'node')
const tsx = import.meta.resolve('tsx')
const program = ['--import', tsx, '--conditions=@bmdb/source', join(here, 'src/main.ts'), ...process.argv.slice(2)]
// graphile-worker would make up a line for each job, which nobody reads.
const child = spawn(node, program, { stdio: 'inherit', env: { ...process.env, NO_LOG_SUCCESS: '1' } })
// The terminal sends its Ctrl-C to both.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
