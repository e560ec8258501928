// npm run soak [-- --minutes M --seed N]: whether the promises hold under faults of every kind, for a while.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { copyOfWorkspace } from '../breaks/copy.ts'
import { breaks } from './breaks.ts'
import { flagsOf, help, readSettings, type BreakName, type Settings } from './config.ts'
import { asJson, report } from './report.ts'
import { soak } from './soak.ts'

process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  let settings: Settings | null
  try {
    settings = readSettings(argv)
  } catch (error) {
    console.error(`soak: ${(error as Error).message.split('\n')[0]} (see --help)`)
    return 2
  }
  if (settings === null) {
    console.log(help)
    return 0
  }
  const stop = new AbortController()
  let askedMs = Infinity
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      // npm passes on a Ctrl-C that the terminal has sent here already.
      if (performance.now() - askedMs > 500) process.exit(130)
      askedMs = Math.min(askedMs, performance.now())
      stop.abort(new Error(`stopped by ${signal}`))
    })
  try {
    return settings.breakName === undefined
      ? await run(settings, stop.signal)
      : await runBroken(settings.breakName, settings, stop.signal)
  } catch (error) {
    console.error(`soak: ${(stop.signal.aborted ? (stop.signal.reason as Error) : (error as Error)).message}`)
    return stop.signal.aborted ? 130 : 1
  }
}

async function run(settings: Settings, signal: AbortSignal): Promise<number> {
  const { seconds, seed, jsonFile } = settings
  console.log(`soak: ${seconds} s, interval ${settings.intervalSeconds} s, ${settings.machines} machines, seed ${seed}`)
  const result = await soak(settings, signal, (line) => console.log(`soak: ${line}`))
  for (const line of report(result)) console.log(`soak: ${line}`)
  const good = result.violations.length === 0
  console.log(`soak: ${good ? 'PASSED' : 'FAILED'}, seed ${seed}`)
  if (jsonFile !== undefined) {
    const { databaseUrl: _, jsonFile: __, breakName: ___, ...shown } = settings
    writeFileSync(jsonFile, `${JSON.stringify({ ...shown, ...asJson(result) }, null, 2)}\n`)
  }
  return good ? 0 : 1
}

/** Runs this program again, out of a copy of the workspace that is broken. */
async function runBroken(name: BreakName, settings: Settings, signal: AbortSignal): Promise<number> {
  const copy = copyOfWorkspace(join(import.meta.dirname, '../..'), `soak-${process.pid}`)
  try {
    for (const edit of breaks[name]) copy.breakIt(edit)
    console.log(`soak: broken on purpose: ${name}`)
    const folder = join(copy.directory, 'test/soak')
    // It ends with this program, even if this one is killed.
    const withParent = pathToFileURL(join(folder, 'with-parent.mjs')).href
    const loaders = ['--import', 'tsx', '--conditions=@bmdb/source', '--import', withParent]
    const child = spawn(process.execPath, [...loaders, join(folder, 'main.ts'), ...flagsOf(settings)], {
      cwd: copy.directory,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      // In a group of its own: a Ctrl-C comes to it once, from here.
      detached: true,
    })
    signal.addEventListener('abort', () => void child.kill('SIGTERM'))
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => resolve(code ?? 1))
    })
  } finally {
    copy.remove()
  }
}
