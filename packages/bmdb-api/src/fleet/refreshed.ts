import { within, type LimitedWait } from './within.ts'

/** For {@link Refreshed}. */
export interface RefreshedOptions<T> {
  /** Makes a new value; gives up when the signal aborts. */
  readonly compute: (signal: AbortSignal) => Promise<T>
  /** Milliseconds for which a value is new. Default 3000; in any case `timesLonger` what it took to make it. */
  readonly newForMs?: number
  /** How much longer a value is new than it took. Default 20: the database spends at most a twentieth of its time on it. */
  readonly timesLonger?: number
  /** Milliseconds for which a value is served while no newer one can be made. Default 60 000. */
  readonly servedForMs?: number
  /** Milliseconds: what is made faster is waited for after `soon`, instead of serving what is known to be old. Default 250. */
  readonly quickMs?: number
  /** Told when there is a value that knows of what `soon` told. */
  readonly onChange?: (() => void) | undefined
  /** Told of every failure. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

interface Run<T> {
  readonly promise: Promise<T>
  /** How often `soon` had been called when it began. */
  readonly changes: number
}

interface Value<T> {
  readonly value: T
  readonly changes: number
  readonly beganMs: number
  readonly tookMs: number
}

/**
 * A value that is too expensive to be made for every request: the last one is kept, and made anew in the background,
 * once at a time, when somebody asks for it and it is not new any more. Without anybody asking, nothing is done.
 */
export class Refreshed<T> {
  readonly #options: RefreshedOptions<T> & Required<Omit<RefreshedOptions<T>, 'onChange' | 'onFailure'>>
  readonly #closed = new AbortController()
  #changes = 0
  #last: Value<T> | undefined
  #running: Run<T> | undefined
  #later: NodeJS.Timeout | undefined

  constructor(options: RefreshedOptions<T>) {
    this.#options = { newForMs: 3_000, timesLonger: 20, servedForMs: 60_000, quickMs: 250, ...options }
  }

  /**
   * The last value, or where there is none that is young enough, the next one.
   * @throws what making it failed with; ProblemError (504) when `timeoutMs` passed; the signal's reason
   */
  async get(wait: LimitedWait): Promise<T> {
    const last = this.#last
    if (last === undefined) return within(this.#next(), wait)
    const ageMs = performance.now() - last.beganMs
    const newForMs = Math.max(this.#options.newForMs, this.#options.timesLonger * last.tookMs)
    const outdated = last.changes !== this.#changes
    if (!outdated && ageMs < newForMs) return last.value
    if (ageMs >= Math.max(this.#options.servedForMs, 2 * newForMs)) return within(this.#next(), wait)
    const next = this.#next()
    next.catch(() => {})
    if (!outdated || last.tookMs >= this.#options.quickMs) return last.value
    return within(next, wait).catch((error: unknown) => {
      if (wait.signal?.aborted === true) throw error
      return last.value
    })
  }

  /** Something happened: a value that is there is made anew without being asked for, at the cost of half the time at most. */
  soon(): void {
    this.#changes += 1
    this.#plan()
  }

  /** Gives up what is being made. Twice is harmless. */
  close(): void {
    clearTimeout(this.#later)
    this.#closed.abort(new Error('closed'))
  }

  #plan(): void {
    if (this.#last === undefined || this.#running !== undefined || this.#later !== undefined) return
    if (this.#closed.signal.aborted) return
    const restMs = this.#last.beganMs + 2 * this.#last.tookMs - performance.now()
    this.#later = setTimeout(() => void this.#next().catch(() => {}), Math.max(0, restMs)).unref()
  }

  /** The next value that knows of all that `soon` told. */
  #next(): Promise<T> {
    const running = this.#running
    if (running === undefined) return this.#run()
    if (running.changes === this.#changes) return running.promise
    return running.promise.then(
      () => this.#next(),
      () => this.#next(),
    )
  }

  #run(): Promise<T> {
    clearTimeout(this.#later)
    this.#later = undefined
    const beganMs = performance.now()
    const changes = this.#changes
    const promise = this.#options.compute(this.#closed.signal).then(
      (value) => {
        const known = this.#last?.changes ?? changes
        this.#last = { value, changes, beganMs, tookMs: performance.now() - beganMs }
        this.#running = undefined
        if (known !== changes) this.#options.onChange?.()
        if (changes !== this.#changes) this.#plan()
        return value
      },
      (error: unknown) => {
        // Forgotten: whoever asks next has it tried again.
        this.#running = undefined
        this.#options.onFailure?.(error)
        throw error
      },
    )
    this.#running = { promise, changes }
    return promise
  }
}
