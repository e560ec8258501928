import { isBMDBError, type Logger } from '@bmdb/core'
import { after, monotonicMs, type Timer } from './clock.ts'
import { messageOf } from './log.ts'

/** The least between two writes. */
const betweenMs = 1_000
/** A write that takes longer is given up: the next one says more. */
const writeMs = 5_000

/** What of a piece of work progress needs. */
interface Reported {
  progress(message: string, percent?: number, options?: { deadlineSeconds?: number; timeoutMs?: number }): Promise<void>
}

export interface ProgressSetting {
  readonly work: Reported
  readonly log: Logger
  /** Without a report for so long it is stuck. */
  readonly progressSeconds: number | undefined
  readonly onStuck: (lastProgress: string | undefined) => void
}

/**
 * How far a run is: the newest report is written, at most one a second, and never keeps the run waiting.
 *
 *     quiet ──report──▶ writing ──▶ resting ──a second later──▶ quiet
 *                          └─ reports meanwhile: the newest is written next ─┘
 *
 * Beside that, each report starts the time anew after which the run counts as stuck.
 */
export class Progress {
  readonly #setting: ProgressSetting
  #state: 'quiet' | 'busy' | 'ended' = 'quiet'
  #next: { readonly message: string; readonly percent: number | undefined } | undefined
  #last: string | undefined
  #resting: Timer | undefined
  #stuck: Timer | undefined

  constructor(setting: ProgressSetting) {
    this.#setting = setting
    // Operators see when it is due before the run has said anything.
    if (setting.progressSeconds !== undefined) this.#take('started', undefined)
  }

  /** Takes a report of the run. Never throws: what is out of range is brought into it. */
  report(message: string, percent?: number): void {
    if (this.#state === 'ended') return
    const shown = String(message).replaceAll('\0', '').slice(0, 500) || '…'
    this.#last = shown
    const known = typeof percent === 'number' && !Number.isNaN(percent)
    this.#take(shown, known ? Math.round(Math.min(100, Math.max(0, percent))) : undefined)
  }

  /** The run is over: nothing more is written or told. */
  end(): void {
    this.#state = 'ended'
    this.#resting?.cancel()
    this.#stuck?.cancel()
  }

  #take(message: string, percent: number | undefined): void {
    this.#next = { message, percent }
    this.#watch()
    if (this.#state === 'quiet') void this.#write()
  }

  #watch(): void {
    const { progressSeconds, onStuck } = this.#setting
    if (progressSeconds === undefined) return
    this.#stuck?.cancel()
    this.#stuck = after(progressSeconds * 1_000, () => onStuck(this.#last), { background: true })
  }

  async #write(): Promise<void> {
    const { work, log, progressSeconds } = this.#setting
    const next = this.#next
    if (next === undefined) return
    this.#next = undefined
    this.#state = 'busy'
    const startedMs = monotonicMs()
    const deadline = progressSeconds === undefined ? {} : { deadlineSeconds: progressSeconds }
    try {
      await work.progress(next.message, next.percent, { ...deadline, timeoutMs: writeMs })
    } catch (error) {
      // Of work that is over, or lost: the run will learn of that by itself.
      const over = isBMDBError(error, 'ERR_WORK_ENDED') || isBMDBError(error, 'ERR_WORK_LOST')
      if (!over) log.debug('progress could not be stored', { error: messageOf(error) })
    }
    if (this.#ended()) return
    this.#resting = after(
      betweenMs - (monotonicMs() - startedMs),
      () => {
        this.#state = 'quiet'
        void this.#write()
      },
      { background: true },
    )
  }

  /** It may have ended while it was waited. */
  #ended(): boolean {
    return this.#state === 'ended'
  }
}
