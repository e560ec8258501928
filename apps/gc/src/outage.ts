import type { Logger } from '@bmdb/core'
import { oneLine } from '@bmdb/program'
import { failureKind } from './failure.ts'
import type { PassResult } from './pass.ts'

/** Sweeps that fail in a row: said when that begins, again only when the trouble changes, and when it is over. */
export class Outage {
  readonly #log: Logger
  readonly #sinceMs: number
  #kind: string | undefined
  #failures = 0

  constructor(log: Logger, sinceMs: number) {
    this.#log = log
    this.#sinceMs = sinceMs
  }

  /** How many sweeps failed. */
  get failures(): number {
    return this.#failures
  }

  failed(error: unknown): void {
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

  /** @param result - of the sweep that worked */
  over(result: PassResult, nowMs: number): void {
    const seconds = Math.round((nowMs - this.#sinceMs) / 100) / 10
    const { sessions, work, full } = result
    this.#log.info(`sweeping works again after ${seconds} s; ${expired(result)}`, { seconds, sessions, work, full })
  }
}

function expired({ sessions, work, full }: PassResult): string {
  if (sessions === 0) return 'nothing had expired meanwhile'
  const least = full ? 'at least ' : ''
  return `${least}${sessions} session${sessions === 1 ? '' : 's'} holding ${work} work had expired meanwhile`
}
