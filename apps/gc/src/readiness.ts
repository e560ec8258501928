import { oneLine } from '@bmdb/program'
import { failureKind } from './failure.ts'
import type { LoopObserver } from './run-loop.ts'
import type { Time } from './time.ts'

/** Whether the collector does its work: the database reachable and migrated, the last sweep recent. */
export class Readiness implements LoopObserver {
  readonly #time: Pick<Time, 'nowMs'>
  readonly #staleMs: number
  #opened = false
  #lastMs: number | undefined
  #failure: string | undefined

  /** A sweep is recent for three intervals and half a minute more. */
  constructor(intervalSeconds: number, time: Pick<Time, 'nowMs'>) {
    this.#time = time
    this.#staleMs = (3 * intervalSeconds + 30) * 1_000
  }

  /** The database was reached, and its migrations are those that are needed. */
  opened(): void {
    this.#opened = true
  }

  swept(): void {
    this.#lastMs = this.#time.nowMs()
    this.#failure = undefined
  }

  failed(error: unknown): void {
    const message = oneLine(error instanceof Error ? error.message : String(error))
    this.#failure = failureKind(error) === 'not migrated' ? `the database is not migrated: ${message}` : message
  }

  /** Why it is not ready, a sentence each; none if it is. */
  reasons(): string[] {
    if (!this.#opened) return ['the database was not reached yet']
    const reasons = this.#failure === undefined ? [] : [`the last sweep failed: ${this.#failure}`]
    if (this.#lastMs === undefined) return [...reasons, 'no sweep has succeeded yet']
    const agoMs = this.#time.nowMs() - this.#lastMs
    if (agoMs > this.#staleMs) reasons.push(`the last sweep that worked was ${Math.round(agoMs / 1_000)} s ago`)
    return reasons
  }
}
