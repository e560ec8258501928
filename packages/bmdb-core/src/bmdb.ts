import { hostname } from 'node:os'
import { pid } from 'node:process'
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { invalid, text, wholeNumber } from './arguments.ts'
import { Connection } from './connection.ts'
import { parseAddress, type Address } from './database/address.ts'
import { Database } from './database/database.ts'
import { askServer } from './database/server.ts'
import { DatabaseUnavailableError, TransactionTimeoutError } from './errors.ts'
import { Limit, type WaitOptions } from './limit.ts'
import { quietLogger, type Logger } from './logger.ts'
import { noMetrics, type Metrics } from './metrics.ts'
import { checkMigrations, migrate, migrationStatus, type MigrationStatus } from './migration/migrate.ts'
import type { MigrationFile } from './migration/migration-file.ts'
import { readOwnMigrations, type OwnMigrations } from './migration/own-migrations.ts'
import { newPrismaClient, type PrismaClient } from './prisma.ts'
import { adapterFor, type PrismaClientLike } from './transaction/prisma-seam.ts'
import { version } from './version.ts'

/** What a BMDB is made with. */
export interface BMDBConfig<Client extends PrismaClientLike = PrismaClient> {
  /** Where the database is: `postgresql://user:password@host:port/database`. */
  readonly databaseUrl: string
  /** Who asks, 1 to 128 characters: stored in every session and in the history. */
  readonly componentName: string
  /** Free text stored in every session. Default: host, pid and version. */
  readonly runtimeInfo?: string | undefined
  /** Default: quiet. */
  readonly logger?: Logger | undefined
  /** Default: none. `@bmdb/core/prometheus` has one for prom-client. */
  readonly metrics?: Metrics | undefined
  /** Connections for transactions, 1 to 1000, default 10; beats, and questions after lost answers, have their own. */
  readonly poolSize?: number | undefined
  /** Makes your own generated client from BMDB's adapter, so that `tx` has your tables too. Default: BMDB's client. */
  readonly client?: ((adapter: SqlDriverAdapterFactory) => Client) | undefined
  /** Migrations for your own tables, applied and checked after BMDB's. Default: none. */
  readonly migrations?: OwnMigrations | undefined
}

/** Options of `bmdb.open`. */
export interface OpenOptions extends WaitOptions {
  /** Applies missing migrations. Default false: missing ones are an error. */
  readonly migrate?: boolean | undefined
  /** Milliseconds until an unreachable database is an error. Default 10 000. */
  readonly timeoutMs?: number | undefined
}

/** A database that can be opened. Makes no connection itself. */
export class BMDB<Client extends PrismaClientLike = PrismaClient> {
  readonly #config: BMDBConfig<Client>
  readonly #address: Address
  readonly #own: readonly MigrationFile[]

  /** @throws InvalidArgumentError; MigrationError where your own migrations cannot be read */
  constructor(config: BMDBConfig<Client>) {
    if (typeof config !== 'object' || config === null) invalid('config', config, 'an object')
    text('componentName', config.componentName, 128)
    if (config.runtimeInfo !== undefined && typeof config.runtimeInfo !== 'string')
      invalid('runtimeInfo', config.runtimeInfo, 'a text')
    if (config.poolSize !== undefined) wholeNumber('poolSize', config.poolSize, 1, 1_000)
    if (config.client !== undefined && typeof config.client !== 'function')
      invalid('client', config.client, 'a function that makes a Prisma client from an adapter')
    this.#address = parseAddress(config.databaseUrl)
    this.#own = readOwnMigrations(config.migrations)
    this.#config = config
  }

  /**
   * Connects, finds out which database it is, and checks its migrations.
   * @throws DatabaseUnavailableError, MigrationError, the signal's reason
   */
  async open(options: OpenOptions = {}): Promise<Connection<Client>> {
    const config = this.#config
    const logger = config.logger ?? quietLogger
    const address = this.#address
    using limit = this.#limit(options)
    const server = await askServer(address, limit)
    if (options.migrate === true) await migrate(address, server, this.#own, limit, logger)
    else await checkMigrations(address, server, this.#own, limit, logger)
    const database = new Database(address, server, config.poolSize ?? 10, logger, config.metrics ?? noMetrics)
    const adapter = adapterFor(database)
    const client =
      config.client === undefined ? (newPrismaClient(adapter) as unknown as Client) : config.client(adapter)
    return new Connection<Client>({
      database,
      client,
      componentName: config.componentName,
      runtimeInfo: config.runtimeInfo ?? `host ${hostname()}, pid ${pid}, @bmdb/core ${version}`,
    })
  }
  /**
   * Which migrations the database has and lacks; changes nothing.
   * @throws DatabaseUnavailableError, the signal's reason
   */
  async migrationStatus(options: WaitOptions = {}): Promise<MigrationStatus> {
    using limit = this.#limit(options)
    return await migrationStatus(this.#address, await askServer(this.#address, limit), this.#own, limit)
  }

  /**
   * Applies what is missing, each migration once however many programs ask for it at the same time.
   * @returns the names of those that this call applied
   * @throws DatabaseUnavailableError, MigrationError, the signal's reason
   */
  async migrate(options: WaitOptions = {}): Promise<readonly string[]> {
    using limit = this.#limit(options)
    const server = await askServer(this.#address, limit)
    return await migrate(this.#address, server, this.#own, limit, this.#config.logger ?? quietLogger)
  }

  #limit(options: WaitOptions): Limit {
    const unanswered = (ms: number): Error =>
      new DatabaseUnavailableError(
        'unreachable',
        `the database at ${this.#address.shown} did not answer within ${ms} ms`,
        { cause: new TransactionTimeoutError('opening the database', ms) },
      )
    return new Limit(options, 10_000, unanswered)
  }
}
