import type { Log } from '@bmdb/program'

/** Tells a trouble when it begins and when it becomes another, not every time that it shows. */
export class Troubles {
  readonly #log: Log
  #told: string | undefined

  constructor(log: Log) {
    this.#log = log
  }

  tell(message: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    const line = `${message}: ${reason}`
    if (line === this.#told) this.#log.debug(message, { error: reason })
    else this.#log.warn(message, { error: reason })
    this.#told = line
  }

  /** It works again: the next trouble is a new one. */
  over(): void {
    this.#told = undefined
  }
}
