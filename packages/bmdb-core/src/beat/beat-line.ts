import { Client, type ClientConfig, type QueryResultRow } from 'pg'
import { after, type Timer } from '../clock.ts'
import { connectionConfig, type Server } from '../database/server.ts'
import type { Address } from '../database/address.ts'
import type { Statement } from '../database/server-connection.ts'

/** How long an old connection is kept for answers that may still come. */
const lateAnswerMs = 10_000
/** How long a beat may wait for a lock on its lease: while it waits, so do the beats of other sessions behind it. */
const lockWaitMs = 100

/** One connection of a {@link BeatLine}. */
interface Line {
  readonly connected: Promise<Client>
  readonly client: Client
  pending: number
  retired: boolean
  timer: Timer | undefined
}

/**
 * The connection that carries the beats of all sessions of a program, apart from the pool: a full pool must not delay
 * them. When one beat is late the line is renewed: later beats go over a new connection, while the answer to the late
 * one, if it comes, still counts.
 */
export class BeatLine {
  readonly #config: ClientConfig & { pipeline: boolean }
  readonly #lines = new Set<Line>()
  #current: Line | undefined
  #closed = false

  constructor(address: Address, server: Server) {
    const config = connectionConfig(address, server, 'bmdb beats')
    this.#config = {
      ...config,
      options: `${config.options} -c lock_timeout=${lockWaitMs}ms`,
      connectionTimeoutMillis: 5_000,
      pipeline: true,
    }
  }

  /** Connects ahead of the first beat, which must not have to wait for it. */
  prepare(): void {
    this.#line()
  }

  /**
   * Sends one statement at once.
   * @returns its answer, and the way to say that it is late
   */
  send<Row extends QueryResultRow>(statement: Statement): { answer: Promise<readonly Row[]>; late: () => void } {
    const line = this.#line()
    line.pending += 1
    const answer = line.connected
      .then((client) => client.query<Row>(statement))
      .then((result) => result.rows)
      .finally(() => {
        line.pending -= 1
        if (line.retired && line.pending === 0) this.#end(line)
      })
    return { answer, late: () => this.#retire(line) }
  }

  /** Closes every connection at once. Twice is harmless. */
  close(): void {
    this.#closed = true
    for (const line of this.#lines) this.#end(line)
  }

  #line(): Line {
    if (this.#current !== undefined) return this.#current
    if (this.#closed) throw new Error('the line is closed')
    const client = new Client(this.#config)
    const line: Line = {
      connected: client.connect().then(() => client),
      client,
      pending: 0,
      retired: false,
      timer: undefined,
    }
    client.on('error', () => this.#end(line))
    line.connected.catch(() => this.#end(line))
    this.#lines.add(line)
    this.#current = line
    return line
  }

  #retire(line: Line): void {
    if (this.#current === line) this.#current = undefined
    if (line.retired) return
    line.retired = true
    if (line.pending === 0) this.#end(line)
    else line.timer = after(lateAnswerMs, () => this.#end(line), { background: true })
  }

  #end(line: Line): void {
    if (this.#current === line) this.#current = undefined
    if (!this.#lines.delete(line)) return
    line.timer?.cancel()
    // end() alone would wait for outstanding answers.
    ;(line.client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    void line.client.end().catch(() => {})
  }
}
