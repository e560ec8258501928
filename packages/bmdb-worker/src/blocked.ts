import { after, monotonicMs, type Timer } from './clock.ts'

/**
 * Watches the event loop: a timer that comes late shows that nothing else could run either. Beats of the session run on
 * it too: one that stands still for a whole interval loses the session.
 * @param limitMs - what is too long
 * @param onBlocked - told when it runs again, and for how long it did not
 */
export function watchEventLoop(limitMs: number, onBlocked: (ms: number) => void): Timer {
  const everyMs = Math.min(1_000, Math.max(20, limitMs / 4))
  let timer: Timer
  const arm = (): void => {
    const dueMs = monotonicMs() + everyMs
    timer = after(
      everyMs,
      () => {
        const lateMs = monotonicMs() - dueMs
        arm()
        if (lateMs > limitMs) onBlocked(Math.round(lateMs))
      },
      { background: true },
    )
  }
  arm()
  return { cancel: () => timer.cancel() }
}
