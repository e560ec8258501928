import type { PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg'
import { ConnectionGivenUpError } from './database-error.ts'

/** A statement with its parameters; one with a name is prepared once on each connection. */
export type Statement = QueryConfig<unknown[]>

const lost = new WeakSet<PoolClient>()

/**
 * Notices when a connection breaks, from the moment that the pool has it. Between the pool, which then stops listening, and
 * whoever takes it lie turns of the event loop's microtasks: news that come in one packet with an answer are told before
 * them, and with nobody listening they would end the program.
 */
export function noticeLoss(client: PoolClient): void {
  client.on('error', () => lost.add(client))
}

/**
 * One connection, taken from the pool for one purpose. It knows whether it is still whole, so that nobody has to guess
 * from an error's text, and it never goes back into the pool when it is not.
 */
export class ServerConnection {
  readonly #client: PoolClient
  #givenUp = false
  #released = false
  #pending = 0

  constructor(client: PoolClient) {
    this.#client = client
  }

  /** True once the connection was lost, or given up by {@link destroy}. */
  get broken(): boolean {
    return this.#givenUp || lost.has(this.#client)
  }

  /** True while an answer is awaited. */
  get busy(): boolean {
    return this.#pending > 0
  }

  /** True from BEGIN's answer until the transaction's end, a failed one included. */
  get inTransaction(): boolean {
    return this.#client.getTransactionStatus() !== 'I'
  }

  /** Sends at once, without waiting for answers to earlier statements: several calls in a row are one round trip. */
  async query<Row extends QueryResultRow>(statement: Statement): Promise<QueryResult<Row>> {
    if (this.#released) throw new ConnectionGivenUpError()
    this.#pending += 1
    try {
      return await this.#client.query<Row>(statement)
    } finally {
      this.#pending -= 1
    }
  }

  /** Gives a connection that is whole, idle and outside a transaction back to the pool, and closes any other one. Twice is harmless. */
  release(): void {
    if (this.broken || this.busy || this.inTransaction) this.destroy()
    else this.#release()
  }

  /** Closes the connection at once, whatever it is doing; the server ends its transaction, unless it was committing. */
  destroy(): void {
    if (this.#released) return
    this.#givenUp = true
    // With answers outstanding, the client's own end() would wait for them.
    ;(this.#client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    this.#release(new ConnectionGivenUpError())
  }

  #release(error?: Error): void {
    if (this.#released) return
    this.#released = true
    this.#client.release(error)
  }
}
