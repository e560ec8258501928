import { pause } from './clock.ts'

/** The first wait after there was something to do, or after a hint. */
const firstMs = 200
/** The least between two claims that found nothing: hints that come together are one. */
const leastMs = 50

/**
 * When to look again where there is nothing to do: soon at first, then later each time, up to a limit, and each time a
 * quarter more or less, so that many programs do not ask at once. A hint brings it forward.
 *
 *     looking ──nothing──▶ waiting ──time is over, or hinted──▶ looking
 *        └── hinted meanwhile: what it saw is old, it waits for the least ──▶
 */
export class Poll {
  readonly #slowestMs: number
  #delayMs: number
  #hinted = false
  #wake: () => void = () => {}

  constructor(slowestMs: number) {
    this.#slowestMs = slowestMs
    this.#delayMs = Math.min(firstMs, slowestMs)
  }

  /** There may be something to do. */
  hint(): void {
    this.#hinted = true
    this.found()
    this.#wake()
  }

  /** There was something to do: what comes next is looked for soon. */
  found(): void {
    this.#delayMs = Math.min(firstMs, this.#slowestMs)
  }

  /** Called before it is looked: hints from now on are about what is not seen yet. */
  looking(): void {
    this.#hinted = false
  }

  /** Waits until it is time to look again, or until the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const delayMs = this.#delayMs * (0.75 + Math.random() / 2)
    this.#delayMs = Math.min(this.#delayMs * 2, this.#slowestMs)
    const atLeastMs = Math.min(delayMs, leastMs * (0.5 + Math.random()))
    await pause(atLeastMs, signal)
    if (this.#hinted || signal.aborted) return
    const woken = new AbortController()
    const wake = (): void => woken.abort()
    this.#wake = wake
    signal.addEventListener('abort', wake, { once: true })
    await pause(delayMs - atLeastMs, woken.signal)
    signal.removeEventListener('abort', wake)
    this.#wake = () => {}
  }
}
