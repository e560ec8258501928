import { Client, type ClientConfig } from 'pg'
import { after, orAbort, type Timer } from './clock.ts'
import type { Database } from './database/database.ts'
import { connectionConfig } from './database/server.ts'
import { messageOf } from './errors.ts'
import { Limit } from './limit.ts'
import { retryDelayMs } from './retry-delay.ts'
import { wakeUp, wakeUpChannel } from './sql/wake-up.ts'

/** Many things that happen together are one wake-up. */
const togetherMs = 50
/** A connection that breaks is made again, later each time, up to this. */
const slowestReconnectMs = 10_000

/**
 * Tells programs that there may be something to claim, so that they need not wait for their next poll. Only ever a hint:
 * one may be lost, and one may come for nothing. PostgreSQL alone has this; elsewhere nothing is sent and nothing comes.
 *
 *     nobody listens ──first listener──▶ connecting ──▶ listening ──it broke──▶ waiting ──▶ connecting
 *                    ◀──────────────────── last listener gone, or closed ────────────────┘
 */
export class WakeUps {
  readonly #database: Database
  readonly #config: ClientConfig
  readonly #listeners = new Set<() => void>()
  #client: Client | undefined
  #again: Timer | undefined
  #sending: Timer | undefined
  #attempt = 0
  #closed = false

  constructor(database: Database) {
    this.#database = database
    this.#config = {
      ...connectionConfig(database.address, database.server, 'bmdb wake-ups'),
      connectionTimeoutMillis: 5_000,
    }
  }

  /** Calls the listener at every wake-up, and when it began to listen. @returns what ends that; twice is harmless */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    this.#connect()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#stop()
    }
  }

  /** Wakes whoever listens, soon, and together with what else happens meanwhile. Never throws, never waits. */
  send(): void {
    if (this.#closed || this.#database.dialect !== 'postgresql' || this.#sending !== undefined) return
    this.#sending = after(
      togetherMs,
      () => {
        this.#sending = undefined
        void this.#notify()
      },
      { background: true },
    )
  }

  /** Stops listening and sending. Twice is harmless. */
  close(): void {
    this.#closed = true
    this.#listeners.clear()
    this.#sending?.cancel()
    this.#stop()
  }

  async #notify(): Promise<void> {
    using limit = new Limit(undefined, 2_000, (ms) => new Error(`no connection within ${ms} ms`))
    try {
      const connection = await this.#database.acquireAside(limit)
      try {
        for (const statement of wakeUp(this.#database.dialect)) await orAbort(connection.query(statement), limit.signal)
      } finally {
        connection.release()
      }
    } catch (error) {
      this.#database.logger.debug('a wake-up could not be sent', { error: messageOf(error) })
    }
  }

  #connect(): void {
    if (this.#closed || this.#database.dialect !== 'postgresql') return
    if (this.#client !== undefined || this.#again !== undefined) return
    const client = new Client(this.#config)
    this.#client = client
    client.on('notification', () => this.#wake())
    const broke = (error?: Error): void => {
      if (this.#client !== client) return
      this.#client = undefined
      destroy(client)
      this.#attempt += 1
      this.#database.logger.debug('wake-ups are interrupted', {
        error: error === undefined ? undefined : messageOf(error),
      })
      const delayMs = Math.min(slowestReconnectMs, 100 * 2 ** this.#attempt) + retryDelayMs(1)
      this.#again = after(
        delayMs,
        () => {
          this.#again = undefined
          if (this.#listeners.size > 0) this.#connect()
        },
        { background: true },
      )
    }
    client.on('error', broke)
    client.on('end', () => broke())
    client
      .connect()
      .then(() => client.query(`LISTEN ${wakeUpChannel}`))
      .then(() => {
        this.#attempt = 0
        // What was sent before it listened was missed.
        if (this.#client === client) this.#wake()
      })
      .catch(broke)
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  #stop(): void {
    this.#again?.cancel()
    this.#again = undefined
    const client = this.#client
    this.#client = undefined
    if (client !== undefined) destroy(client)
  }
}

function destroy(client: Client): void {
  ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
  void client.end().catch(() => {})
}
