import { setMaxListeners } from 'node:events'
import { WorkLostError, type PrismaClientLike, type TransactionFunction, type Work } from '@bmdb/core'
import { after, monotonicMs, type Timer } from './clock.ts'
import { endWork, type Ended, type Ending } from './end-work.ts'
import type { RunRef } from './events.ts'
import { childLogger, messageOf } from './log.ts'
import type { Process, RunContext } from './process.ts'
import { Progress } from './progress.ts'
import { checkedReturn, isRunResult, resultOf, type RunResult } from './results.ts'
import { RunTimeoutError } from './run-errors.ts'
import type { RunnerContext } from './runner-context.ts'
import { tellEnd } from './tell-end.ts'

/** How long a run may take to settle at most once the runner was stopped: somebody waits for that. */
const stopGraceMs = 1_000

/** Why a run was told to stop. */
type Why = 'lost' | 'released' | 'timeout' | 'drain'

type Settled<Client extends PrismaClientLike> =
  { readonly returned: TransactionFunction<Client, unknown> | RunResult | undefined } | { readonly thrown: unknown }

/** What a run is made of. */
export interface RunSetting<Client extends PrismaClientLike> {
  readonly context: RunnerContext<Client>
  readonly process: Process<Client>
  readonly work: Work<Client>
  readonly machine: unknown
  readonly attempt: number
}

/**
 * One run of a process on a machine, from its claim to the end of its work:
 *
 *     running ──settled──────────────────────────────▶ ending ──▶ over
 *        │                                               ▲
 *        └── lost · released · too long · drained        │
 *              ▼                                         │
 *           told to stop ──settled, or deaf for the grace┘
 *
 * Its signal aborts once, with the first reason. What it settles with counts, except: lost work is not ended; a run that
 * took too long fails; and one that was released or drained is cancelled unless it returned a result all the same.
 */
export class Run<Client extends PrismaClientLike> {
  readonly ref: RunRef
  /** Resolves with how the work ended. Never rejects. */
  readonly over: Promise<Ended>
  readonly #setting: RunSetting<Client>
  readonly #log
  readonly #stop = new AbortController()
  #told: { readonly why: Why; readonly error: unknown } | undefined
  #leaveBehind: () => void = () => {}
  #timers: Timer[] = []
  #settled = false

  constructor(setting: RunSetting<Client>) {
    const { process, work, attempt, context } = setting
    this.#setting = setting
    this.ref = { process: process.name, machineId: work.machineId, token: work.token, attempt }
    this.#log = childLogger(context.logger, {
      process: process.name,
      machine: work.machineId,
      token: String(work.token),
    })
    // What a run does at once listens to it, and may be anything.
    setMaxListeners(0, this.#stop.signal)
    this.over = this.#go()
  }

  /** The runner was stopped, and the time for it is over. */
  drain(error: unknown): void {
    this.#tellToStop('drain', error)
    if (!this.#settled) this.#timers.push(after(stopGraceMs, () => this.#leaveBehind()))
  }

  async #go(): Promise<Ended> {
    const { work, process, context } = this.#setting
    const { events, metrics } = context
    events.tell('claimed', this.ref)
    const startedMs = monotonicMs()
    const deaf = new Promise<'deaf'>((resolve) => (this.#leaveBehind = () => resolve('deaf')))
    const stopWatching = this.#watch()
    const progress = this.#progress()
    const running = this.#call(progress)
    const settled = await Promise.race([running, deaf])
    this.#settled = true
    progress.end()
    stopWatching()
    metrics.observe('bmdb_runner_run_duration_seconds', { process: process.name }, (monotonicMs() - startedMs) / 1_000)
    if (settled === 'deaf') this.#leftBehind(running)
    const ending = this.#ending(settled)
    const ended: Ended = ending.end === 'lost' ? ending : await endWork(work, process, ending, this.#log)
    // What was committed may be what another process waits for.
    if (ended.end === 'finished' && ending.end === 'finish' && ending.fn !== undefined) context.connection.wakeUp()
    tellEnd(this.#setting, this.ref, ended, this.#log)
    return ended
  }

  /** Runs the user's function. Never rejects. */
  async #call(progress: Progress): Promise<Settled<Client>> {
    const { process, work, machine, attempt, context } = this.#setting
    const given: RunContext<Client> = {
      machine: machine as RunContext<Client>['machine'],
      work,
      signal: this.#stop.signal,
      token: work.token,
      attempt,
      log: this.#log,
      prisma: context.connection.prisma,
      progress: (message, percent) => progress.report(message, percent),
    }
    try {
      // In a turn of its own: what it throws at once is an error of the run as well.
      await Promise.resolve()
      // Lost before it began.
      this.#stop.signal.throwIfAborted()
      const returned: unknown = await process.run(given as never)
      return { returned: checkedReturn<Client>(`what run of ${process.name} returned`, returned) }
    } catch (thrown) {
      return { thrown }
    }
  }

  /** Listens to the work's signal and to the clock. @returns what ends that */
  #watch(): () => void {
    const { work, process } = this.#setting
    const onAbort = (): void => {
      const error: unknown = work.signal.reason
      this.#tellToStop(error instanceof WorkLostError && error.reason === 'released' ? 'released' : 'lost', error)
    }
    if (work.signal.aborted) onAbort()
    else work.signal.addEventListener('abort', onAbort, { once: true })
    const { timeoutSeconds } = process
    if (timeoutSeconds !== undefined) {
      const tooLong = (): void =>
        this.#tellToStop('timeout', new RunTimeoutError(process.name, work.machineId, timeoutSeconds))
      this.#timers.push(after(timeoutSeconds * 1_000, tooLong))
    }
    return () => {
      work.signal.removeEventListener('abort', onAbort)
      for (const timer of this.#timers) timer.cancel()
    }
  }

  #tellToStop(why: Why, error: unknown): void {
    if (this.#told !== undefined) return
    this.#told = { why, error }
    this.#timers.push(after(this.#setting.context.graceMs, () => this.#leaveBehind()))
    const { metrics } = this.#setting.context
    if (why === 'timeout') metrics.count('bmdb_runner_timeouts_total', { process: this.ref.process })
    this.#stop.abort(error)
  }

  #ending(settled: Settled<Client> | 'deaf'): Ending<Client> | { readonly end: 'lost'; readonly error: unknown } {
    const returned = settled !== 'deaf' && 'returned' in settled ? settled.returned : undefined
    const thrown = settled !== 'deaf' && 'thrown' in settled ? settled.thrown : undefined
    if (this.#told !== undefined) {
      const { why, error } = this.#told
      if (why === 'lost') return { end: 'lost', error }
      if (why === 'timeout') return { end: 'fail', error: this.#tooLong(thrown) }
      return returned === undefined ? { end: 'cancel', reason: error } : endingOf(returned)
    }
    if (settled === 'deaf' || 'returned' in settled) return endingOf(returned)
    const said = resultOf(thrown) ?? this.#onError(thrown)
    return said === undefined ? { end: 'fail', error: thrown } : endingOf(said)
  }

  /** The error of a run that took too long, with what it threw when it was told so. */
  #tooLong(thrown: unknown): unknown {
    const error = this.#told!.error as RunTimeoutError
    if (thrown === undefined || thrown === error) return error
    return new RunTimeoutError(error.process, error.machineId, error.timeoutSeconds, { cause: thrown })
  }

  #onError(thrown: unknown): RunResult | undefined {
    const { process } = this.#setting
    try {
      const result = process.onError?.(thrown)
      if (result === undefined || isRunResult(result)) return result
      this.#log.error('what onError returned is no result: the run fails')
    } catch (error) {
      this.#log.error('onError failed: the run fails', { error: messageOf(error) })
    }
    return undefined
  }

  #progress(): Progress {
    const { work, process, context } = this.#setting
    return new Progress({
      work,
      log: this.#log,
      progressSeconds: process.progressSeconds,
      onStuck: (lastProgress) => {
        const seconds = process.progressSeconds!
        this.#log.warn('the run is stuck: no progress was reported', { seconds, lastProgress })
        context.metrics.count('bmdb_runner_stuck_total', { process: process.name })
        context.events.tell('stuck', { ...this.ref, seconds, lastProgress })
      },
    })
  }

  #leftBehind(running: Promise<Settled<Client>>): void {
    const { metrics, events } = this.#setting.context
    const error = this.#told?.error
    this.#log.error('the run does not stop, and is left behind: its signal must end what it waits for', {
      error: messageOf(error),
    })
    metrics.count('bmdb_runner_abandoned_total', { process: this.ref.process })
    events.tell('abandoned', { ...this.ref, error })
    void running.then(() => this.#log.warn('a run that was left behind has ended'))
  }
}

function endingOf<Client extends PrismaClientLike>(
  returned: TransactionFunction<Client, unknown> | RunResult | undefined,
): Ending<Client> {
  if (returned === undefined || typeof returned === 'function') return { end: 'finish', fn: returned }
  return returned.end === 'cancel' ? { end: 'cancel', reason: undefined } : returned
}
