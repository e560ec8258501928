import type { Logger } from '@bmdb/core'
import { oneLine } from '@bmdb/program'
import { failureKind } from './failure.ts'
import type { PassResult } from './pass.ts'

/**
 * Sweeps that fail in a row, and what had expired by the time they work again:
 *
 *     failing ──a sweep worked──▶ clearing ──all of it is swept──▶ over
 *        ▲                           │
 *        └──────── it failed ────────┘
 *
 * Said when it begins, again only when the trouble changes, when sweeping works again; and then, as a warning of its own,
 * how much had expired at once: while a database is away for longer than their intervals, everybody loses their work.
 */
export class Outage {
  readonly #log: Logger
  #sinceMs: number
  #kind: string | undefined
  #failures = 0
  #seconds = 0
  #expired: { sessions: number; work: number } | undefined

  constructor(log: Logger, sinceMs: number) {
    this.#log = log
    this.#sinceMs = sinceMs
  }

  /** How many sweeps failed in a row. */
  get failures(): number {
    return this.#failures
  }

  /** @param startMs - when the sweep that failed began */
  failed(error: unknown, startMs: number): void {
    if (this.#expired !== undefined) {
      this.#tellExpired('at least ')
      this.#sinceMs = startMs
      this.#failures = 0
      this.#kind = undefined
    }
    this.#failures += 1
    const kind = failureKind(error)
    const message = oneLine(error instanceof Error ? error.message : String(error))
    if (kind === this.#kind) {
      this.#log.debug('the sweep failed again', { failures: this.#failures, error: message })
      return
    }
    this.#kind = kind
    this.#log.error(`sweeping fails, trying until it works again: ${message}`)
  }

  /**
   * @param result - of a sweep that worked
   * @returns true once nothing is left of what had expired: the outage is over, and everything said
   */
  swept(result: PassResult, nowMs: number): boolean {
    if (this.#expired === undefined) {
      this.#seconds = Math.round((nowMs - this.#sinceMs) / 100) / 10
      const found = result.sessions === 0 ? '; it found nothing expired' : ''
      this.#log.info(`sweeping works again after ${this.#seconds} s${found}`, { seconds: this.#seconds })
    }
    const { sessions, work } = this.#expired ?? { sessions: 0, work: 0 }
    this.#expired = { sessions: sessions + result.sessions, work: work + result.work }
    if (result.full) return false
    this.#tellExpired('')
    return true
  }

  #tellExpired(least: '' | 'at least '): void {
    const { sessions, work } = this.#expired ?? { sessions: 0, work: 0 }
    this.#expired = undefined
    if (sessions === 0) return
    const programs = `${least}${sessions} session${sessions === 1 ? '' : 's'}`
    const pieces = `${work} piece${work === 1 ? '' : 's'} of work`
    const seconds = this.#seconds
    this.#log.warn(`expired at once, while sweeping failed: ${programs} holding ${pieces}`, { sessions, work, seconds })
  }
}
