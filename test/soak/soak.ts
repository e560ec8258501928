import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPrivateServer } from '@bmdb/embedded'
import { startWireProxy } from '@bmdb/testing'
import type { Settings } from './config.ts'
import { figuresOf, type Figures } from './figures.ts'
import { Fleet } from './fleet.ts'
import { guard } from './guardian.ts'
import { LedgerKeeper } from './ledger.ts'
import { linked } from './linked.ts'
import type { FaultKind } from './plan.ts'
import { readRecords } from './records.ts'
import { Register } from './register.ts'
import { Tormentor } from './tormentor.ts'
import { judge, type Violation } from './verdict.ts'
import type { Line } from './world.ts'

/** Programs that share a proxy, and so its troubles. */
const programsOfLine = 4
/** On CockroachDB times are those of several nodes, which may be off by that much from each other. */
const cockroachClockMs = 500

export interface Result {
  readonly server: string
  readonly seconds: number
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly figures: Figures
  readonly violations: readonly Violation[]
}

/**
 * Runs a soak from beginning to end. Nothing is left of it afterwards, but for what it wrote into a database that was
 * given.
 * @param tell - told now and then how far it is
 * @throws what kept it from being run, or the signal's reason
 */
export async function soak(settings: Settings, signal: AbortSignal, tell: (line: string) => void): Promise<Result> {
  await using stack = new Stack()
  const directory = mkdtempSync(join(tmpdir(), 'bmdb-soak-'))
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const server =
    settings.databaseUrl === undefined ? stack.use(await startPrivateServer({ durable: true, signal })) : undefined
  guard(directory, server?.directory)
  const databaseUrl = settings.databaseUrl ?? server!.url
  const ledger = stack.use(await LedgerKeeper.prepare(databaseUrl, settings.machines, signal))
  const register = stack.use(await Register.start())
  const lines: Line[] = []
  for (let programs = 0; programs < settings.workers + settings.collectors; programs += programsOfLine)
    lines.push({ proxy: stack.use(await startWireProxy(databaseUrl)), busy: false })
  const fleet = stack.use(
    new Fleet(settings, { directory, lines, registerUrl: register.url, machineIds: ledger.machineIds }),
  )
  tell(`${settings.workers} workers and ${settings.collectors} collectors are starting, on ${ledger.dialect}`)
  await fleet.ready(signal)

  const tormentor = new Tormentor(
    {
      intervalMs: settings.intervalSeconds * 1_000,
      ...fleet,
      lines,
      database: server === undefined ? undefined : Object.assign(server, { busy: false }),
      ledger,
    },
    settings.seed,
  )
  const time = linked(signal)
  const timer = setTimeout(() => time.abort(), settings.seconds * 1_000)
  stack.defer(() => clearTimeout(timer))
  const startMs = performance.now()
  const stopTelling = every(5_000, () => {
    const seconds = Math.round((performance.now() - startMs) / 1_000)
    tell(
      `${seconds} s: ${tormentor.total} faults, ${register.writes.length} writes outside, ${register.refused} refused`,
    )
  })
  stack.defer(stopTelling)
  await tormentor.torment(time.signal)
  signal.throwIfAborted()
  stopTelling()
  tell('everything is healed, and ends')
  await fleet.end(signal)
  const evidence = {
    records: readRecords(directory),
    outside: register.writes,
    // What killed programs left behind expires within the interval.
    ledger: await ledger.read(settings.intervalSeconds * 1_000 + 10_000),
    happenings: fleet.happenings,
    clockErrorMs: ledger.dialect === 'postgresql' ? 0 : cockroachClockMs,
  }
  return {
    server: ledger.dialect,
    seconds: settings.seconds,
    faults: tormentor.done,
    figures: figuresOf(evidence),
    violations: judge(evidence),
  }
}

function every(ms: number, run: () => void): () => void {
  const timer = setInterval(run, ms)
  return () => clearInterval(timer)
}

/** What is to be closed in the end, the last first, whatever goes wrong meanwhile. */
class Stack implements AsyncDisposable {
  readonly #closings: (() => unknown)[] = []

  use<T extends AsyncDisposable>(resource: T): T {
    this.defer(() => resource[Symbol.asyncDispose]())
    return resource
  }

  defer(close: () => unknown): void {
    this.#closings.push(close)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = []
    for (const close of this.#closings.splice(0).reverse())
      try {
        await close()
      } catch (error) {
        errors.push(error)
      }
    if (errors.length > 0) throw errors[0]
  }
}
