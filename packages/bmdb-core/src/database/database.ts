import { Pool, type PoolClient, type PoolConfig } from 'pg'
import { ClosedError } from '../errors.ts'
import type { Limit } from '../limit.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import type { Address } from './address.ts'
import { PoolFullError, sqlState } from './database-error.ts'
import { connectionConfig, type Dialect, type Server } from './server.ts'
import { noticeLoss, ServerConnection } from './server-connection.ts'

/** The connections for transactions and statements. Beats have their own: `beat/beat-line.ts`. Knows no sessions. */
export class Database {
  readonly dialect: Dialect
  readonly address: Address
  readonly server: Server
  readonly logger: Logger
  readonly metrics: Metrics
  /** For the adapter alone; everybody else uses {@link acquire}. */
  readonly pool: Pool
  readonly #config: PoolConfig
  readonly #size: number
  #aside: Pool | undefined
  #closed = false

  constructor(address: Address, server: Server, poolSize: number, logger: Logger, metrics: Metrics) {
    this.dialect = server.dialect
    this.address = address
    this.server = server
    this.logger = logger
    this.metrics = metrics
    this.#size = poolSize
    const config: PoolConfig & { pipeline: boolean } = {
      ...connectionConfig(address, server, 'bmdb'),
      connectionTimeoutMillis: 10_000,
      idleTimeoutMillis: 30_000,
      maxLifetimeSeconds: 300,
      allowExitOnIdle: true,
      // Statements that do not depend on each other's answers go out together.
      pipeline: true,
    }
    this.#config = config
    this.pool = this.#newPool(poolSize)
  }

  /**
   * Takes a connection from the pool.
   * @throws the limit's reason when it ends first; whatever the driver reports when none can be had
   */
  async acquire(limit: Pick<Limit, 'signal'>): Promise<ServerConnection> {
    try {
      return await this.#take(() => this.pool, limit.signal)
    } catch (error) {
      if (!limit.signal.aborted && sqlState(error) === undefined && this.#full)
        throw new PoolFullError(this.#size, error)
      throw error
    }
  }

  /**
   * Takes one of two connections apart from the pool, for questions that must not wait for whoever fills the pool.
   * @throws as {@link acquire}
   */
  acquireAside(limit: Pick<Limit, 'signal'>): Promise<ServerConnection> {
    return this.#take(() => (this.#aside ??= this.#newPool(2)), limit.signal)
  }

  #newPool(max: number): Pool {
    const pool = new Pool({ ...this.#config, max })
    pool.on('connect', noticeLoss)
    // An idle connection that breaks is thrown away by the pool; without a listener it would end the program.
    pool.on('error', (error) => this.logger.debug('an idle connection broke', { error: error.message }))
    return pool
  }

  async #take(pool: () => Pool, signal: AbortSignal): Promise<ServerConnection> {
    if (this.#closed) throw new ClosedError('the connection to the database was closed')
    signal.throwIfAborted()
    return new ServerConnection(await this.#orGiveBack(pool().connect(), signal))
  }

  get #full(): boolean {
    return this.pool.totalCount >= this.#size && this.pool.idleCount === 0
  }

  /** The caller does not wait for a connection that comes late, and the pool must not lose it. */
  #orGiveBack(pending: Promise<PoolClient>, signal: AbortSignal): Promise<PoolClient> {
    return new Promise((resolve, reject) => {
      let gone = false
      const onAbort = (): void => {
        gone = true
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      pending.then(
        (client) => {
          signal.removeEventListener('abort', onAbort)
          if (gone) client.release()
          else resolve(client)
        },
        (error: unknown) => {
          signal.removeEventListener('abort', onAbort)
          reject(error)
        },
      )
    })
  }

  /** Closes every connection once it is idle. Twice is harmless. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([this.pool.end(), this.#aside?.end()])
  }
}
