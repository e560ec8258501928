import { after, monotonicMs, sleep, type Timer } from '../clock.ts'

/** Why the database refused a beat: the deadline had passed, or the row is gone. The session is over. */
export type Refusal = 'deadline' | 'deleted'

/** One beat that was sent. */
export interface BeatInFlight<Answer extends object> {
  readonly answer: Promise<Answer | Refusal>
  /** Called when the answer did not come in time: the next beat should go another way. */
  readonly late: () => void
}

/** What a heartbeat runs with. It knows neither SQL nor sessions. */
export interface HeartbeatSetting<Answer extends object> {
  /** The lease's length in milliseconds. */
  readonly intervalMs: number
  readonly send: () => BeatInFlight<Answer>
  /** An acknowledged beat, with the time that was left of the lease when its answer came. */
  readonly onAcknowledged: (answer: Answer, slackMs: number) => void
  readonly onFailed: (error: unknown) => void
  /** The end, once: no beat was acknowledged in time, or the database refused one. */
  readonly onLost: (reason: Refusal) => void
}

/** The margin by which a holder stops before others may take over: 200 ms, or a tenth of the interval if that is more. */
export function marginMs(intervalMs: number): number {
  return Math.max(200, intervalMs / 10)
}

/**
 * Keeps a lease alive, and knows until when it may be trusted.
 *
 *     beating ──answer──▶ beating          (deadline = sending of that beat + interval − margin, never moved back)
 *        │
 *        ├── refused ─────────▶ lost('deleted' | 'deadline')
 *        ├── deadline passes ─▶ lost('deadline')
 *        └── stop() ──────────▶ stopped
 *
 * The deadline runs on the monotonic clock, from before the beat was sent, by a timer of its own: neither a blocked
 * query nor a dead connection can delay it. Beats go out every third of the interval; one that fails is sent again at
 * once, one that is late is left under way while the next goes out over another connection.
 */
export class Heartbeat<Answer extends object> {
  readonly #setting: HeartbeatSetting<Answer>
  readonly #stopped = new AbortController()
  #deadlineMs: number
  #timer: Timer | undefined
  #loop: Promise<void> | undefined

  /** @param firstSentMs - monotonic time before the statement that started the lease was sent */
  constructor(setting: HeartbeatSetting<Answer>, firstSentMs: number) {
    this.#setting = setting
    this.#deadlineMs = firstSentMs + setting.intervalMs - marginMs(setting.intervalMs)
  }

  /** Monotonic milliseconds until the holder must stop, zero once it must have. */
  remainingMs(): number {
    return Math.max(0, this.#deadlineMs - monotonicMs())
  }

  /** Begins beating and watching the deadline. */
  start(): void {
    this.#watch()
    this.#loop ??= this.#beat()
  }

  /** Ends beating; nothing is reported afterwards. Resolves when no wait is left. Twice is harmless. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#timer?.cancel()
    await this.#loop
  }

  #watch(): void {
    this.#timer = after(
      this.remainingMs(),
      () => {
        if (this.#stopped.signal.aborted) return
        // A beat may have moved the deadline since the timer was set.
        if (this.remainingMs() > 0) this.#watch()
        else this.#lose('deadline')
      },
      { background: true },
    )
  }

  async #beat(): Promise<void> {
    const { intervalMs } = this.#setting
    const signal = this.#stopped.signal
    let pauseMs = intervalMs / 3
    for (;;) {
      try {
        await sleep(pauseMs, signal, { background: true })
      } catch {
        return
      }
      const sentMs = monotonicMs()
      const went = await this.#beatOnce(sentMs, intervalMs / 3)
      if (signal.aborted) return
      if (went === 'acknowledged') pauseMs = Math.max(0, sentMs + intervalMs / 3 - monotonicMs())
      else pauseMs = went === 'late' ? 0 : Math.min(100, intervalMs / 20) * (0.5 + Math.random())
    }
  }

  #beatOnce(sentMs: number, limitMs: number): Promise<'acknowledged' | 'failed' | 'late'> {
    return new Promise((resolve) => {
      let flight: BeatInFlight<Answer>
      try {
        flight = this.#setting.send()
      } catch (error) {
        this.#setting.onFailed(error)
        resolve('failed')
        return
      }
      const timer = after(
        limitMs,
        () => {
          this.#setting.onFailed(new Error('no answer in time'))
          flight.late()
          resolve('late')
        },
        { background: true },
      )
      flight.answer.then(
        (answer) => {
          timer.cancel()
          this.#acknowledge(answer, sentMs)
          resolve('acknowledged')
        },
        (error: unknown) => {
          timer.cancel()
          if (!this.#stopped.signal.aborted) this.#setting.onFailed(error)
          resolve('failed')
        },
      )
    })
  }

  #acknowledge(answer: Answer | Refusal, sentMs: number): void {
    if (this.#stopped.signal.aborted) return
    if (typeof answer === 'string') {
      this.#lose(answer)
      return
    }
    const slackMs = this.remainingMs()
    // A program that was frozen past its deadline stays over, even if the answer came in before the timer ran.
    if (slackMs === 0) {
      this.#lose('deadline')
      return
    }
    const { intervalMs } = this.#setting
    this.#deadlineMs = Math.max(this.#deadlineMs, sentMs + intervalMs - marginMs(intervalMs))
    this.#setting.onAcknowledged(answer, slackMs)
  }

  #lose(reason: Refusal): void {
    if (this.#stopped.signal.aborted) return
    this.#stopped.abort()
    this.#timer?.cancel()
    this.#setting.onLost(reason)
  }
}
