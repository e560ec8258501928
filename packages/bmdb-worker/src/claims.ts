import { claimable, type PrismaClientLike, type Session, type Work } from '@bmdb/core'
import { monotonicMs } from './clock.ts'
import type { Troubles } from './log.ts'
import { readBatch } from './read-batch.ts'
import type { Poll } from './poll.ts'
import type { Process } from './process.ts'
import type { RunnerContext } from './runner-context.ts'
import type { Runs } from './runs.ts'
import type { Slots } from './slots.ts'

/** How many more machines than slots a claim looks at: others may be faster with some of them. */
const windowFactor = 4
const largestWindow = 1_000

/** What a process's claims are made with. */
export interface ClaimsSetting<Client extends PrismaClientLike> {
  readonly context: RunnerContext<Client>
  readonly process: Process<Client>
  readonly slots: Slots
  readonly runs: Runs<Client>
  readonly poll: Poll
  readonly troubles: Troubles
  /** Aborts when there is no time left for a claim that is under way when the runner is stopped. */
  readonly noTime: AbortSignal
  /** A run finished: that may let other processes begin, or this one again. */
  readonly onFinished: () => void
}

/**
 * Claims machines for one process, one claim at a time:
 *
 *     waiting for a slot ──▶ claiming ──as many as slots──▶ waiting for a slot
 *            ▲                  ├── fewer than it saw: others were faster ──▶ the same, in another order
 *            │                  ├── all that there are, or none ──▶ polling
 *            │                  └── error ──▶ polling
 *            └──────────────────────────────────────────────────────┘
 *
 * Ends when `over` aborts. Longest untouched first, except right after others were faster: then what a claim looks at is
 * tried in a random order, so that programs do not go on after the same machines.
 */
export class Claims<Client extends PrismaClientLike> {
  readonly #setting: ClaimsSetting<Client>
  #contended = false
  #idle = false

  constructor(setting: ClaimsSetting<Client>) {
    this.#setting = setting
  }

  async run(session: Session<Client>, over: AbortSignal): Promise<void> {
    const { process, slots, poll } = this.#setting
    this.#idle = false
    while (!over.aborted) {
      const count = await slots.take(process.name, over)
      if (count === 0) return
      poll.looking()
      const next = await this.#claim(session, count, over)
      if (next === 'again') poll.found()
      else await poll.wait(over)
    }
  }

  /** One claim for so many slots; what of them it does not use is given back. */
  async #claim(session: Session<Client>, count: number, over: AbortSignal): Promise<'again' | 'later'> {
    const { process, slots, poll, troubles, context } = this.#setting
    let used = 0
    try {
      const { work, seen } = await this.#lock(session, count)
      used = await this.#begin(work)
      troubles.over()
      this.#contended = work.length < Math.min(count, seen)
      if (work.length > 0) poll.found()
      this.#tellIdle(work.length === 0)
      return work.length === count || (work.length > 0 && this.#contended) ? 'again' : 'later'
    } catch (error) {
      if (over.aborted) return 'later'
      context.metrics.count('bmdb_runner_claim_errors_total', { process: process.name })
      context.events.tell('claimFailed', { process: process.name, error })
      troubles.tell('machines cannot be claimed, trying until they can', error)
      return 'later'
    } finally {
      if (count > used) slots.give(process.name, count - used)
    }
  }

  async #lock(session: Session<Client>, count: number): Promise<{ work: Work<Client>[]; seen: number }> {
    const { process, context } = this.#setting
    const options = { ...process.condition, limit: Math.min(count * windowFactor, largestWindow) } as object
    const startedMs = monotonicMs()
    let seen = 0
    const work = await session.startWorkMany(
      process.name,
      async (tx) => {
        const machineIds = await claimable(tx as object, process.name, options)
        seen = machineIds.length
        return this.#contended ? shuffled(machineIds) : machineIds
      },
      { limit: count, signal: this.#setting.noTime },
    )
    const found = work.length > 0 ? 'yes' : 'no'
    const seconds = (monotonicMs() - startedMs) / 1_000
    context.metrics.observe('bmdb_runner_claim_duration_seconds', { process: process.name, found }, seconds)
    return { work, seen }
  }

  /** Begins a run for each. @returns how many slots are in use now */
  async #begin(work: readonly Work<Client>[]): Promise<number> {
    if (work.length === 0) return 0
    const { process, slots, runs, context, noTime, onFinished } = this.#setting
    let ready: Awaited<ReturnType<typeof readBatch<Client>>>
    try {
      ready = await readBatch(context.connection, process, work)
    } catch (error) {
      await giveBack(work)
      throw error
    }
    // What was claimed when the runner was stopped is begun all the same, if there is time for it.
    if (noTime.aborted) {
      await giveBack(work)
      return 0
    }
    for (const one of ready)
      runs.begin({ context, process, ...one }, ({ end }) => {
        slots.give(process.name, 1)
        if (end === 'finished') onFinished()
      })
    return ready.length
  }

  #tellIdle(idle: boolean): void {
    if (idle && !this.#idle) this.#setting.context.events.tell('idle', { process: this.#setting.process.name })
    this.#idle = idle
  }
}

async function giveBack<Client extends PrismaClientLike>(work: readonly Work<Client>[]): Promise<void> {
  await Promise.all(work.map((one) => one[Symbol.asyncDispose]()))
}

function shuffled(machineIds: readonly string[]): string[] {
  const all = [...machineIds]
  for (let last = all.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1))
    ;[all[last], all[other]] = [all[other]!, all[last]!]
  }
  return all
}
