import { setMaxListeners } from 'node:events'
import type { Connection, PrismaClientLike, Session } from '@bmdb/core'
import { watchEventLoop } from './blocked.ts'
import { Claims } from './claims.ts'
import { after, pause } from './clock.ts'
import { Events, type RunnerEvents, type RunnerListener, type RunRef } from './events.ts'
import { gatherCounts } from './gather-counts.ts'
import { messageOf, Troubles } from './log.ts'
import { Poll } from './poll.ts'
import { RunnerStoppedError } from './run-errors.ts'
import type { RunnerContext } from './runner-context.ts'
import { checkedOptions, type RunnerOptions, type RunnerSetting } from './runner-options.ts'
import { Runs } from './runs.ts'
import { keepSession } from './session-loop.ts'
import { Slots } from './slots.ts'

/** What share of the interval the event loop may stand still for before that is told: beats go out every third of it. */
const blockedShare = 1 / 5
/** When it is stopped: for how long after the drain it waits for runs to be left behind and for work to be cancelled. */
const cancelMs = 4_500
/** So many runs are named in a line. */
const mostNamed = 10

/**
 * Runs processes on the machines that need them, until it is stopped:
 *
 *     running ──stop, or its signal──▶ draining ──nothing is under way, or no time is left──▶ stopped
 *
 * A lost session is no end: see `keepSession`.
 */
export class Runner<Client extends PrismaClientLike> implements AsyncDisposable {
  /** Resolves when it has stopped, with nothing held and its session closed. Never rejects. */
  readonly stopped: Promise<void>
  readonly #setting: RunnerSetting<Client>
  readonly #context: RunnerContext<Client>
  readonly #runs = new Runs<Client>()
  readonly #claims: readonly Claims<Client>[]
  readonly #polls: readonly Poll[]
  readonly #stopping = new AbortController()
  readonly #noTime = new AbortController()
  #session: Session<Client> | undefined

  /** @internal `startRunner` makes runners. */
  constructor(connection: Connection<Client>, setting: RunnerSetting<Client>) {
    const { processes, concurrency, logger, metrics, pollSeconds, signal } = setting
    const context = { connection, logger, metrics, events: new Events(logger), graceMs: setting.graceSeconds * 1_000 }
    this.#setting = setting
    this.#context = context
    setMaxListeners(0, this.#stopping.signal)
    const slots = new Slots(concurrency, new Map(processes.map((one) => [one.name, one.concurrency ?? concurrency])))
    const polls = processes.map(() => new Poll(pollSeconds * 1_000))
    // One outage is one trouble, however many processes it troubles.
    const troubles = new Troubles(logger)
    this.#polls = polls
    setMaxListeners(0, this.#noTime.signal)
    const parts = {
      context,
      slots,
      troubles,
      noTime: this.#noTime.signal,
      runs: this.#runs,
      onFinished: () => this.#hint(),
    }
    this.#claims = processes.map((process, index) => new Claims({ ...parts, process, poll: polls[index]! }))
    const onAbort = (): void => void this.stop()
    signal?.addEventListener('abort', onAbort, { once: true })
    this.stopped = this.#run().finally(() => signal?.removeEventListener('abort', onAbort))
    if (signal?.aborted === true) onAbort()
  }

  /** The session of now; undefined while there is none. */
  get session(): Session<Client> | undefined {
    return this.#session
  }

  /** What is under way. */
  get running(): readonly RunRef[] {
    return this.#runs.refs
  }

  /**
   * Calls `listener` at every event of that name. What it throws is logged, and breaks nothing.
   * @returns what ends that; twice is harmless
   */
  on<Name extends keyof RunnerEvents>(name: Name, listener: RunnerListener<Name>): () => void {
    return this.#context.events.on(name, listener)
  }

  /** Begins nothing new, drains, and closes the session. Resolves when it has stopped. Twice is harmless. */
  stop(): Promise<void> {
    if (!this.#stopping.signal.aborted) {
      const { drainSeconds, logger } = this.#setting
      const error = new RunnerStoppedError(drainSeconds)
      logger.info('stopping: nothing new is begun', { drainSeconds })
      this.#stopping.abort(error)
      this.#context.events.tell('stopping', {})
      const drain = after(drainSeconds * 1_000, () => {
        this.#noTime.abort(error)
        this.#runs.drain(error)
      })
      void this.stopped.finally(() => drain.cancel())
    }
    return this.stopped
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #run(): Promise<void> {
    // Whoever made it can listen before anything happens.
    await Promise.resolve()
    const { connection, events, logger } = this.#context
    const { processes, intervalSeconds, pollSeconds, countSeconds } = this.#setting
    const stopping = this.#stopping.signal
    const watch = watchEventLoop(intervalSeconds * 1_000 * blockedShare, (ms) => this.#blocked(ms))
    const counting = countSeconds === 0 ? undefined : gatherCounts(this.#context, processes, countSeconds, stopping)
    let endWakeUps = (): void => {}
    try {
      endWakeUps = connection.onWakeUp(() => this.#hint())
      await keepSession({
        context: this.#context,
        intervalSeconds,
        pollSeconds,
        stopping,
        work: async (session, over) => {
          await Promise.all(this.#claims.map((claims) => claims.run(session, over)))
        },
        settled: () => this.#runs.settled(),
        drained: () => this.#drained(),
        onSession: (session) => (this.#session = session),
      })
    } catch (error) {
      logger.error('the runner failed, and ends', { error: messageOf(error) })
    }
    // Also where it ends by itself, since its connection was closed.
    void this.stop()
    await this.#runs.settled()
    watch.cancel()
    endWakeUps()
    await counting
    events.tell('stopped', {})
  }

  /** What is under way ends by itself, or at the end of the drain, or is left to the closing of the session. */
  async #drained(): Promise<void> {
    const enough = new AbortController()
    const limitMs = this.#setting.drainSeconds * 1_000 + cancelMs
    await Promise.race([this.#runs.settled(), pause(limitMs, enough.signal)])
    enough.abort()
  }

  #hint(): void {
    for (const poll of this.#polls) poll.hint()
  }

  #blocked(ms: number): void {
    const { logger, metrics, events } = this.#context
    const runs = this.#runs.refs
    const named = runs.slice(0, mostNamed).map((run) => `${run.process} on ${run.machineId}`)
    logger.warn('the event loop stood still: no beat could be sent, and runs under way may have done it', {
      ms,
      runs: runs.length > mostNamed ? [...named, `and ${runs.length - mostNamed} more`] : named,
    })
    metrics.observe('bmdb_runner_blocked_seconds', {}, ms / 1_000)
    events.tell('blocked', { ms, runs })
  }
}

/**
 * Declares the processes, and runs them on the machines that need them until it is stopped.
 *
 * @returns the runner, once everything is declared; its first session may still be on its way
 * @throws InvalidArgumentError, which names the option; ProcessDeclarationError where a process was declared with other
 *   conflicts or limits; DatabaseUnavailableError, TransactionTimeoutError; the signal's reason
 */
export async function startRunner<Client extends PrismaClientLike>(
  connection: Connection<Client>,
  options: RunnerOptions<Client>,
): Promise<Runner<Client>> {
  const setting = checkedOptions(options)
  const { signal, replaceDeclarations } = setting
  signal?.throwIfAborted()
  for (const { name, conflictsWith, failureDomains, condition } of setting.processes)
    await connection.declareProcess(
      { process: name, conflictsWith, failureDomains, ...condition },
      { replace: replaceDeclarations, signal },
    )
  signal?.throwIfAborted()
  return new Runner(connection, setting)
}
