import { Client } from 'pg'
import { v4 as newId } from 'uuid'
import { orAbort, sleep } from '../clock.ts'
import type { Address } from '../database/address.ts'
import { asUnavailable, sqlState } from '../database/database-error.ts'
import { connectionConfig, type Server } from '../database/server.ts'
import { BMDBError, MigrationError, messageOf } from '../errors.ts'
import type { Limit } from '../limit.ts'
import type { Logger } from '../logger.ts'
import { isBreaking, isOwn, migrationFiles, statementsOf, type MigrationFile } from './migration-file.ts'

/** What `_prisma_migrations` says, held against what this version carries and what the program added. */
export interface MigrationStatus {
  readonly applied: readonly string[]
  /** Missing, in the order in which they would be applied. */
  readonly pending: readonly string[]
  /** Applied by a newer version. */
  readonly unknown: readonly string[]
}

const remedy = 'apply them with `npx nx run db:migrate`, or open with { migrate: true }'

/**
 * Checks that the database has the migrations that this version needs.
 * @throws MigrationError when some are missing, or when a newer one is marked as breaking
 */
export async function checkMigrations(
  address: Address,
  server: Server,
  own: readonly MigrationFile[],
  limit: Limit,
  logger: Logger,
): Promise<MigrationStatus> {
  return withClient(address, server, limit, async (client) => {
    const files = [...migrationFiles, ...own]
    const status = await readStatus(client, files, limit)
    if (status.pending.length > 0)
      throw new MigrationError(
        `the database at ${address.shown} lacks ${status.pending.length} of ${files.length} migrations ` +
          `(${status.pending.join(', ')}): ${remedy}`,
      )
    judgeNewer(status, address, logger)
    return status
  })
}

/** What is applied and what is missing; changes nothing. */
export async function migrationStatus(
  address: Address,
  server: Server,
  own: readonly MigrationFile[],
  limit: Limit,
): Promise<MigrationStatus> {
  return withClient(address, server, limit, (client) => readStatus(client, [...migrationFiles, ...own], limit))
}

/**
 * Applies what is missing, BMDB's before the program's own, each migration once however many programs ask for it at the same time.
 * @returns the names of those that this call applied
 * @throws MigrationError when one fails; on PostgreSQL nothing of it is left behind
 */
export async function migrate(
  address: Address,
  server: Server,
  own: readonly MigrationFile[],
  limit: Limit,
  logger: Logger,
): Promise<readonly string[]> {
  return withClient(address, server, limit, async (client) => {
    const files = [...migrationFiles, ...own]
    const before = await readStatus(client, files, limit)
    judgeNewer(before, address, logger)
    if (before.pending.length === 0) return []
    return server.dialect === 'postgresql'
      ? underAdvisoryLock(client, limit, () => applyAll(client, server, files, limit, logger))
      : underLockRow(client, limit, () => applyAll(client, server, files, limit, logger))
  })
}

function judgeNewer(status: MigrationStatus, address: Address, logger: Logger): void {
  const breaking = status.unknown.filter(isBreaking)
  if (breaking.length > 0)
    throw new MigrationError(
      `the database at ${address.shown} was changed by a newer version of BMDB in a way that this one does not know ` +
        `(${breaking.join(', ')}): upgrade this program`,
    )
  if (status.unknown.length > 0)
    logger.warn('the database has migrations of a newer version of BMDB', { migrations: status.unknown })
}

async function withClient<T>(
  address: Address,
  server: Server,
  limit: Limit,
  run: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    ...connectionConfig(address, server, 'bmdb migrations'),
    connectionTimeoutMillis: Math.max(1, limit.remainingMs()),
  })
  let connected = false
  let broken = false
  client.on('error', () => (broken = true))
  try {
    await orAbort(client.connect(), limit.signal)
    connected = true
    return await orAbort(run(client), limit.signal)
  } catch (error) {
    if (error instanceof BMDBError || limit.signal.aborted) throw error
    throw asUnavailable(error, address.shown, broken || !connected) ?? error
  } finally {
    void client.end().catch(() => {})
  }
}

async function readStatus(client: Client, files: readonly MigrationFile[], limit: Limit): Promise<MigrationStatus> {
  limit.signal.throwIfAborted()
  let rows: { name: string; finished: boolean }[]
  try {
    const result = await client.query<{ name: string; finished: boolean }>(
      `SELECT migration_name AS name, bool_or(finished_at IS NOT NULL) AS finished FROM _prisma_migrations
       WHERE rolled_back_at IS NULL GROUP BY migration_name ORDER BY migration_name`,
    )
    rows = result.rows
  } catch (error) {
    if (sqlState(error) !== '42P01') throw error
    rows = []
  }
  const applied = rows.filter((row) => row.finished).map((row) => row.name)
  const last = migrationFiles.at(-1)?.name ?? ''
  return {
    applied,
    pending: files.map((file) => file.name).filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !isOwn(name) && name > last),
  }
}

// The table and the lock that Prisma's own command uses, so that the two exclude each other.
const migrationsTable = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ NULL,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT NULL,
    rolled_back_at TIMESTAMPTZ NULL,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INT4 NOT NULL DEFAULT 0
  )`
const advisoryLock = 72707369

async function underAdvisoryLock<T>(client: Client, limit: Limit, run: () => Promise<T>): Promise<T> {
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>(`SELECT pg_try_advisory_lock(${advisoryLock}) AS taken`)
    if (rows[0]?.taken === true) break
    await sleep(50, limit.signal)
  }
  try {
    return await run()
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${advisoryLock})`).catch(() => {})
  }
}

/** CockroachDB has no session-level advisory locks: a row with a deadline, judged by the database, stands in. */
async function underLockRow<T>(client: Client, limit: Limit, run: () => Promise<T>): Promise<T> {
  const holder = newId()
  await client.query(`
    CREATE TABLE IF NOT EXISTS bmdb_migration_lock (
      one INT4 NOT NULL PRIMARY KEY, holder UUID NOT NULL, until TIMESTAMPTZ NOT NULL)`)
  for (;;) {
    const { rows } = await client.query<{ holder: string }>(
      `INSERT INTO bmdb_migration_lock (one, holder, until) VALUES (1, $1::uuid, clock_timestamp() + interval '10 minutes')
       ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until
       WHERE bmdb_migration_lock.until < clock_timestamp() RETURNING holder`,
      [holder],
    )
    if (rows.length > 0) break
    await sleep(200, limit.signal)
  }
  try {
    return await run()
  } finally {
    await client.query('DELETE FROM bmdb_migration_lock WHERE holder = $1::uuid', [holder]).catch(() => {})
  }
}

async function applyAll(
  client: Client,
  server: Server,
  all: readonly MigrationFile[],
  limit: Limit,
  logger: Logger,
): Promise<readonly string[]> {
  await client.query(migrationsTable)
  const { pending } = await readStatus(client, all, limit)
  const files = all.filter((file) => pending.includes(file.name))
  for (const file of files) {
    limit.signal.throwIfAborted()
    try {
      await applyOne(client, server, file)
    } catch (error) {
      throw new MigrationError(`migration ${file.name} failed: ${messageOf(error)}`, { cause: error })
    }
    logger.info('applied a migration', { migration: file.name })
  }
  return files.map((file) => file.name)
}

/** On PostgreSQL in one transaction; on CockroachDB, whose DDL has none, statement by statement, each harmless twice. */
async function applyOne(client: Client, server: Server, file: MigrationFile): Promise<void> {
  const atomic = server.dialect === 'postgresql'
  if (atomic) await client.query('BEGIN')
  try {
    // As it stands, if nothing in it is for one database alone: a function's body may have semicolons in it, too.
    if (atomic && !/^\s*-- only: /m.test(file.sql)) await client.query(file.sql)
    else
      for (const { sql, only } of statementsOf(file.sql))
        if (only === undefined || only === server.dialect) await client.query(sql)
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
       VALUES ($1, $2, now(), $3, 1)`,
      [newId(), file.checksum, file.name],
    )
    if (atomic) await client.query('COMMIT')
  } catch (error) {
    if (atomic) await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}
