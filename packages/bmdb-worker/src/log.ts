import type { Logger } from '@bmdb/core'

/** Says nothing. */
export const quietLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** A logger that adds fields to every line. */
export function childLogger(logger: Logger, fields: Record<string, unknown>): Logger {
  return {
    debug: (message, more) => logger.debug(message, { ...fields, ...more }),
    info: (message, more) => logger.info(message, { ...fields, ...more }),
    warn: (message, more) => logger.warn(message, { ...fields, ...more }),
    error: (message, more) => logger.error(message, { ...fields, ...more }),
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Tells a trouble when it begins and when it becomes another, not every time that it shows. */
export class Troubles {
  readonly #logger: Logger
  #told: string | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  tell(message: string, error: unknown): void {
    const reason = messageOf(error)
    const line = `${message}: ${reason}`
    if (line === this.#told) this.#logger.debug(message, { error: reason })
    else this.#logger.warn(message, { error: reason })
    this.#told = line
  }

  /** It works again: the next trouble is a new one. */
  over(): void {
    this.#told = undefined
  }
}
