// Taken when the program starts: the network does not stand still because a test stops the clock.
const { clearTimeout, performance, setTimeout } = globalThis
const now = performance.now.bind(performance)

/** Milliseconds on the real monotonic clock. */
export function realMs(): number {
  return now()
}

/** One wake-up at a time, on the real clock: the earliest that was asked for. */
export class Alarm {
  #timer: NodeJS.Timeout | undefined
  #atMs = Infinity

  /** Calls `then` at `atMs` of {@link realMs}, unless an earlier call is set. */
  set(atMs: number, then: () => void): void {
    if (atMs >= this.#atMs) return
    this.clear()
    this.#atMs = atMs
    this.#timer = setTimeout(
      () => {
        this.#atMs = Infinity
        then()
      },
      Math.max(0, Math.ceil(atMs - realMs())),
    )
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#atMs = Infinity
  }
}
