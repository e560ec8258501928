import { setTimeout as sleep } from 'node:timers/promises'
import { startRack } from '@bmdb/bmc-simulator'
import { BMDB, type Connection, type PrismaClient } from '@bmdb/core'
import { attachEmbeddedDatabase } from '@bmdb/embedded'
import { StartupError } from '@bmdb/program'
import { startProgram, type ChildProgram } from './child-program.ts'
import type { StackSettings } from './config.ts'
import { liveDisplay, plainDisplay, type Display } from './display.ts'
import { freePort } from './free-port.ts'
import { registerRack } from './rack-machines.ts'
import { readSnapshot, type Snapshot } from './snapshot.ts'

/** What the stack runs with. */
export interface StackOptions {
  readonly settings: StackSettings
  readonly signal: AbortSignal
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stream: NodeJS.WriteStream
}

const componentName = 'dev-stack'
const redrawMs = 250
/** A worker that is asked to stop drains for 2 s. */
const stopMs = 4_000

/** Runs everything, until it is stopped or, with `--once`, until every machine has a report. Returns the exit code. */
export async function runStack({ settings, signal, directory, environment, stream }: StackOptions): Promise<number> {
  const links: [string, string][] = []
  const display = stream.isTTY ? liveDisplay(stream, () => links) : plainDisplay(stream)
  const say = (line: string): void => display.say('stack', line)

  await using database = await attachEmbeddedDatabase({ directory, signal, onProgress: say })
  const bmdb = new BMDB({ databaseUrl: database.url, componentName })
  await using connection = await bmdb.open({ migrate: true, signal, timeoutMs: 30_000 })
  await assertAlone(connection)
  await using session = await connection.startSession({ intervalSeconds: 5 })
  const faults = settings.slowMilliseconds > 0 ? { slow: settings.slowMilliseconds } : {}
  const rack = await startRack({ count: settings.machines, seed: settings.seed, faults })
  const programs: ChildProgram[] = []
  try {
    const ids = await registerRack(session, rack, settings.seed)
    say(`registered ${ids.length} simulated BMCs as machines`)
    // With --once everything is over before anybody could look.
    const port = settings.once ? undefined : await freePort(settings.consolePort, say)
    if (port !== undefined) links.push(['console', `http://127.0.0.1:${port}`])
    links.push(['database', database.url], ['studio', 'npx nx run db:studio, then http://localhost:5555'])
    links.push(['a BMC', `${rack.bmcs[0]!.url}/redfish/v1/`])
    for (const [name, link] of links) say(`${name}: ${link}`)

    const start = (name: string, packageName: string, args: readonly string[]): void => {
      const env = { ...environment, BMDB_DATABASE_URL: database.url, BMDB_LISTEN: '' }
      programs.push(startProgram({ name, packageName, args, env, onLine: (line) => display.say(name, line) }))
    }
    start('gc', '@bmdb/gc', [])
    // Whoever tries things out wants to act on them, and nobody else reaches it.
    if (port !== undefined)
      start('console', '@bmdb/console', ['--listen', `127.0.0.1:${port}`, '--auth', 'none', '--role', 'operator'])
    for (let number = 1; number <= settings.workers; number++)
      start(`worker-${number}`, '@bmdb/example-worker', [
        ...['--concurrency', '2'],
        ...(settings.once ? [] : ['--max-age-seconds', String(settings.againSeconds)]),
      ])
    return await watch(connection, ids, programs, display, settings, signal)
  } finally {
    display.end()
    say('stopping')
    await Promise.all(programs.map((program) => program.stop(stopMs)))
    await rack.close()
    await clearSessions(connection, programs, say).catch((error: unknown) => {
      say(`sessions of killed programs are left to their deadlines: ${(error as Error).message}`)
    })
    say('everything has ended')
  }
}

/** Two racks would take each other's machines. */
async function assertAlone(connection: Connection<PrismaClient>): Promise<void> {
  const other = await connection.prisma.sessionStatus.findFirst({ where: { componentName, alive: true } })
  if (other !== null)
    throw new StartupError(
      `it runs in this workspace already (${other.runtimeInfo}): end that one first, or wait some seconds if it was killed`,
    )
}

/** Shows what happens until it is over. */
async function watch(
  connection: Connection<PrismaClient>,
  ids: readonly string[],
  programs: readonly ChildProgram[],
  display: Display,
  settings: StackSettings,
  signal: AbortSignal,
): Promise<number> {
  const started = performance.now()
  let away = false
  while (!signal.aborted) {
    let snapshot: Snapshot
    try {
      snapshot = await readSnapshot(connection, ids)
      away = false
    } catch (error) {
      if (!away)
        display.say(
          'stack',
          `the database does not answer, trying until it does: ${(error as Error).message.split('\n').at(-1)}`,
        )
      away = true
      await sleep(1_000, undefined, { signal }).catch(() => {})
      continue
    }
    display.show(snapshot, programs)
    if (settings.once) {
      const missing = snapshot.machines.filter((machine) => machine.state !== 'inventoried')
      const seconds = (performance.now() - started) / 1000
      if (missing.length === 0) {
        display.say('stack', `all ${ids.length} machines inventoried in ${seconds.toFixed(1)} s`)
        return 0
      }
      const reason = giveUpReason(programs, seconds, settings)
      if (reason !== undefined) {
        display.say(
          'stack',
          `${reason}; not inventoried: ${missing.map(({ bmc, state, details }) => `${bmc} (${state}${details && `: ${details}`})`).join(', ')}`,
        )
        return 1
      }
    }
    await sleep(redrawMs, undefined, { signal }).catch(() => {})
  }
  return 0
}

function giveUpReason(programs: readonly ChildProgram[], seconds: number, settings: StackSettings): string | undefined {
  const workers = programs.filter((program) => program.name.startsWith('worker'))
  if (workers.every((worker) => worker.state() !== 'running')) return 'no worker is running any more'
  return seconds > settings.limitSeconds ? `the limit of ${settings.limitSeconds} s has passed` : undefined
}

/** A program that was killed leaves its session behind until the deadline: waits for that, and sweeps. */
async function clearSessions(
  connection: Connection<PrismaClient>,
  programs: readonly ChildProgram[],
  say: (line: string) => void,
): Promise<void> {
  const ours = programs.map((program) => ({ runtimeInfo: { contains: `pid ${program.pid},` } }))
  for (let waited = 0; waited < 10_000; waited += redrawMs) {
    await connection.sweep({ timeoutMs: 3_000 })
    const left = await connection.prisma.session.count({ where: { OR: ours } })
    if (left === 0) return
    if (waited === 0) say(`waiting for the deadline of ${left} session${left === 1 ? '' : 's'} of killed programs`)
    await sleep(redrawMs)
  }
}
