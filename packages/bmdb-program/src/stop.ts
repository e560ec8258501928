import { setMaxListeners } from 'node:events'
import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { StopSignal, System } from './system.ts'

/** The reason of a program's signal: somebody asked it to stop. That is no failure. */
export class StopRequestedError extends Error {
  readonly signalName: StopSignal

  constructor(signalName: StopSignal) {
    super(`stopped by ${signalName}`)
    this.name = 'StopRequestedError'
    this.signalName = signalName
  }
}

/** Listens for signals until it is disposed. */
export interface Stop extends Disposable {
  /** Aborts at the first signal, with a {@link StopRequestedError}: stop cleanly. */
  readonly signal: AbortSignal
}

/**
 * Signals that follow the first one this soon are the same request: after one Ctrl-C the terminal, npm and Nx each send
 * their own, within some 50 ms. Nobody presses it twice so fast.
 */
const sameRequestMs = 250

/**
 * At the first SIGTERM or SIGINT its signal aborts; at the second, a quarter of a second later or more, the program
 * exits at once, with 128 plus the signal's number.
 * @param nowMs - a monotonic clock
 */
export function stopOnSignals(
  system: Pick<System, 'on' | 'off' | 'exit'>,
  nowMs: () => number = () => performance.now(),
): Stop {
  const controller = new AbortController()
  // Every wait of the program listens to it.
  setMaxListeners(0, controller.signal)
  let firstMs: number | undefined
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((name) => {
    const onSignal = (): void => {
      if (firstMs === undefined) {
        firstMs = nowMs()
        controller.abort(new StopRequestedError(name))
      } else if (nowMs() - firstMs >= sameRequestMs) system.exit(128 + constants.signals[name])
    }
    system.on(name, onSignal)
    return () => system.off(name, onSignal)
  })
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const forget of listeners) forget()
    },
  }
}
