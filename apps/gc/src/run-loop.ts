import type { Logger } from '@bmdb/core'
import { backoffMs, betweenBatchesMs, untilNextSweepMs } from './delays.ts'
import { Outage } from './outage.ts'
import type { Pass, PassResult } from './pass.ts'
import type { Time } from './time.ts'

/** Told how every sweep went. */
export interface LoopObserver {
  swept(result: PassResult, seconds: number): void
  failed(error: unknown, seconds: number): void
}

/** For {@link runLoop}. */
export interface LoopOptions {
  readonly pass: Pass
  readonly intervalSeconds: number
  readonly log: Logger
  readonly time: Time
  readonly observers: readonly LoopObserver[]
  /** Its abort ends the loop at once, whatever it waits for. */
  readonly signal: AbortSignal
}

/**
 * Sweeps until the signal aborts, and then resolves; nothing else ends it:
 *
 *     sweep ── found all ──> wait for the interval ──> sweep
 *       ├───── hit its limit ──> wait a moment ──────> sweep
 *       └───── failed ──> wait, longer each time ────> sweep
 */
export async function runLoop(options: LoopOptions): Promise<void> {
  const { time, log, signal } = options
  let outage: Outage | undefined
  while (!signal.aborted) {
    const startMs = time.nowMs()
    const outcome = await onePass(options)
    if (outcome === 'aborted') return
    if ('error' in outcome) {
      outage ??= new Outage(log, startMs)
      outage.failed(outcome.error, startMs)
      await time.sleep(backoffMs(outage.failures, options.intervalSeconds, time.random()), signal)
      continue
    }
    if (outcome.outlasted) outage ??= new Outage(log, startMs)
    if (outage !== undefined) {
      if (outage.swept(outcome, time.nowMs())) outage = undefined
    } else if (outcome.sessions > 0)
      log.info('swept expired sessions', { sessions: outcome.sessions, work: outcome.work })
    const random = time.random()
    await time.sleep(
      outcome.full ? betweenBatchesMs(random) : untilNextSweepMs(options.intervalSeconds, random),
      signal,
    )
  }
}

type Outcome = PassResult | { readonly error: unknown } | 'aborted'

/** Runs the pass and tells the observers. Does not wait for a pass that is slow to end when the signal aborts. */
async function onePass({ pass, time, observers, signal }: LoopOptions): Promise<Outcome> {
  const startMs = time.nowMs()
  const seconds = (): number => (time.nowMs() - startMs) / 1_000
  const running = pass(signal).then(
    (result): Outcome => result,
    (error: unknown): Outcome => ({ error }),
  )
  const outcome = await orAborted(running, signal)
  if (outcome === 'aborted') return outcome
  for (const observer of observers) {
    if ('error' in outcome) observer.failed(outcome.error, seconds())
    else observer.swept(outcome, seconds())
  }
  return outcome
}

function orAborted(running: Promise<Outcome>, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const onAbort = (): void => resolve('aborted')
    signal.addEventListener('abort', onAbort, { once: true })
    void running.then((outcome) => {
      signal.removeEventListener('abort', onAbort)
      resolve(outcome)
    })
  })
}
