import { setMaxListeners } from 'node:events'

/**
 * A controller that aborts when one of the signals does. (What `AbortSignal.any` makes is held by weak references only,
 * and in Node 20 such a signal may never abort after a collection of garbage.)
 */
export function linked(...signals: AbortSignal[]): AbortController {
  const controller = new AbortController()
  // Everything that is under way listens to it.
  setMaxListeners(0, controller.signal)
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason)
    signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true, signal: controller.signal })
  }
  return controller
}
