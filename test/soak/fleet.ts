import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from './config.ts'
import { linked } from './linked.ts'
import type { WorkerOrders } from './orders.ts'
import type { Command } from './program.ts'
import { Slot, type Happenings } from './slot.ts'
import type { Line } from './world.ts'

const startMs = 120_000
/** How long programs have to end by themselves, when they are told to. */
const endMs = 20_000

/** Where the programs find what they work with. */
export interface Surroundings {
  readonly directory: string
  readonly lines: readonly Line[]
  readonly registerUrl: string
  readonly machineIds: readonly string[]
}

/** All the programs. */
export class Fleet implements AsyncDisposable {
  readonly happenings: Happenings = { pauses: [], outages: [], crashes: [] }
  readonly workers: readonly Slot[]
  readonly collectors: readonly Slot[]
  readonly #closing = new AbortController()

  constructor(settings: Settings, surroundings: Surroundings) {
    const { lines } = surroundings
    const slot = (index: number, command: (databaseUrl: string, number: number) => Command): Slot => {
      const { proxy } = lines[index % lines.length]!
      return new Slot((number) => command(proxy.url, number), this.happenings, this.#closing.signal)
    }
    this.workers = Array.from({ length: settings.workers }, (_, index) =>
      slot(index, (databaseUrl, number) => worker(settings, surroundings, databaseUrl, index + 1, number)),
    )
    this.collectors = Array.from({ length: settings.collectors }, (_, index) =>
      slot(settings.workers + index, (databaseUrl, number) => collector(databaseUrl, index + 1, number)),
    )
  }

  /** Waits until each program is there. @throws Error where that takes too long, or one ended before */
  async ready(signal: AbortSignal): Promise<void> {
    const slots = [...this.workers, ...this.collectors]
    const ended = slots.map(async ({ program }) => {
      const how = await program.ended
      throw new Error(`${program.name} ended with ${how} before it was ready: ${program.output}`)
    })
    const waited = linked(signal)
    const late = sleep(startMs, undefined, { signal: waited.signal }).then(() => {
      throw new Error(`not every program was ready within ${startMs / 1_000} s`)
    })
    try {
      await Promise.race([Promise.all(slots.map(({ ready }) => ready)), ...ended, late])
    } finally {
      // Whoever ends later does so for the slot.
      for (const one of [late, ...ended]) one.catch(() => {})
      waited.abort()
    }
  }

  /** Lets all end in order. Those that do not are killed, which is a crash. */
  async end(signal: AbortSignal): Promise<void> {
    this.#closing.abort()
    const programs = [...this.workers, ...this.collectors].map(({ program }) => program)
    for (const program of programs) {
      program.meantToEnd = true
      if (program.name.startsWith('collector')) program.terminate()
      else program.send({ do: 'end' })
    }
    await Promise.race([
      Promise.all(
        programs.map(async (program) => {
          const how = await program.ended
          if (program.isReady && how !== 'code 0' && how !== 'signal SIGKILL')
            this.happenings.crashes.push(`${program.name} was told to end, and ended with ${how}: ${program.output}`)
        }),
      ),
      sleep(endMs, undefined, { signal }).catch(() => {}),
    ])
    for (const program of programs)
      if (!program.over)
        this.happenings.crashes.push(`${program.name} did not end within ${endMs} ms: ${program.output}`)
    await this[Symbol.asyncDispose]()
  }

  /** Kills whatever is left. Twice is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    const programs = [...this.workers, ...this.collectors].map(({ program }) => program)
    for (const program of programs) program.kill()
    await Promise.all(programs.map(({ ended }) => ended))
  }
}

function worker(
  { intervalSeconds, seed }: Settings,
  { directory, registerUrl, machineIds }: Surroundings,
  databaseUrl: string,
  index: number,
  number: number,
): Command {
  const name = `worker ${index}.${number}`
  const orders: WorkerOrders = {
    name,
    databaseUrl,
    registerUrl,
    intervalSeconds,
    machineIds,
    recordFile: join(directory, `${name}.jsonl`),
    seed: seed + index * 1_000_003 + number,
  }
  return { name, file: join(import.meta.dirname, 'worker-program.ts'), args: [JSON.stringify(orders)] }
}

/** The collector of the product itself. */
function collector(databaseUrl: string, index: number, number: number): Command {
  return {
    name: `collector ${index}.${number}`,
    file: join(import.meta.dirname, '../../apps/gc/src/main.ts'),
    args: ['--interval-seconds', '1'],
    environment: { BMDB_DATABASE_URL: databaseUrl },
    readyWhen: /sweeping expired sessions/,
  }
}
