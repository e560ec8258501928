import type { Connection, PrismaClient } from '@bmdb/core'

const limitMs = 2_000

/** Whether the console can do its work: the database was opened, and answers now. */
export class Readiness {
  #connection: Connection<PrismaClient> | undefined
  #asking: Promise<string[]> | undefined

  /** The database was reached, and its migrations are those that are needed. */
  opened(connection: Connection<PrismaClient>): void {
    this.#connection = connection
  }

  /** Why it is not ready, a sentence each; none if it is. However many ask at a time, the database is asked once. */
  reasons(): Promise<string[]> {
    return (this.#asking ??= this.#ask().finally(() => (this.#asking = undefined)))
  }

  async #ask(): Promise<string[]> {
    if (this.#connection === undefined) return ['the database was not reached yet']
    try {
      await this.#connection.fleet.pulse({ timeoutMs: limitMs })
      return []
    } catch {
      // Whoever reaches the port may ask: where the database is, is in the log.
      return ['the database does not answer']
    }
  }
}
