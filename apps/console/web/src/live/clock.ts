/** How many answers the offset is taken from. */
const samples = 10

/** The database's clock, as far as the browser can know it from the times that pulses bring. */
class DatabaseClock {
  readonly #offsets: number[] = []
  #offsetMs = 0

  /** A pulse arrived that was sent at `now` by the database's clock. */
  heard(now: string): void {
    const offset = Date.parse(now) - Date.now()
    if (!Number.isFinite(offset)) return
    this.#offsets.push(offset)
    if (this.#offsets.length > samples) this.#offsets.shift()
    // The pulse that travelled the least is the nearest to the truth: all others arrive later, and give less.
    this.#offsetMs = Math.max(...this.#offsets)
  }

  /** Milliseconds since 1970, by the database's clock. */
  now(): number {
    return Date.now() + this.#offsetMs
  }

  /** By the browser's clock: when it was `at` by the database's. */
  local(at: string): number {
    return Date.parse(at) - this.#offsetMs
  }
}

export const clock = new DatabaseClock()
