import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BMDB, type Logger } from '../src/index.ts'
import { migrationFiles, statementsOf } from '../src/migration/migration-file.ts'
import { count, emptyDatabase, recordingLogger, rejection } from './helpers.ts'
import { testDatabase } from './setup.ts'

async function open(databaseUrl: string, options: { migrate?: boolean; logger?: Logger } = {}): Promise<void> {
  const { migrate = false, logger } = options
  const connection = await new BMDB({ databaseUrl, componentName: 'test', logger }).open({ migrate })
  await connection.close()
}

async function clientOf(databaseUrl: string): Promise<Client> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

/** As if a newer version had applied one more migration. */
const applyNewer = (name: string) => `
  INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
  VALUES ('${name}', 'x', now(), '${name}', 1)`

describe('promise 12: clear errors for migrations', () => {
  test('a database without them is a MigrationError that names them and the remedy', async () => {
    const url = await emptyDatabase(await testDatabase())
    const error = await rejection(open(url))
    expect(error).toMatchObject({ name: 'MigrationError', code: 'ERR_MIGRATION' })
    expect(error.message).toContain(migrationFiles[0]!.name)
    expect(error.message).toContain('npx nx run db:migrate')
    const client = await clientOf(url)
    expect((await client.query(`SELECT 1 FROM pg_tables WHERE schemaname = 'public'`)).rows).toEqual([])
  })

  test('a database that lacks one is a MigrationError that names that one', async () => {
    const database = await testDatabase()
    const last = migrationFiles.at(-1)!.name
    await database.sql('DELETE FROM _prisma_migrations WHERE migration_name = $1', last)
    const { message } = await rejection(open(database.url))
    expect(message).toContain(last)
    expect(message).not.toContain(migrationFiles[0]!.name)
  })

  test('a newer migration that is marked as breaking is a MigrationError, with and without migrating', async () => {
    const database = await testDatabase()
    await database.sql(applyNewer('20991231000000_other_guard_breaking'))
    for (const migrate of [false, true]) {
      const error = await rejection(open(database.url, { migrate }))
      expect(error).toMatchObject({ code: 'ERR_MIGRATION' })
      expect(error.message).toContain('20991231000000_other_guard_breaking')
      expect(error.message).toContain('upgrade this program')
    }
  })

  test('a newer migration that is harmless is a warning', async () => {
    const database = await testDatabase()
    await database.sql(applyNewer('20991231000000_unbreaking_news'))
    const logger = recordingLogger()
    await open(database.url, { logger })
    await open(database.url, { logger, migrate: true })
    expect(logger.at('warn').map((line) => line.fields)).toEqual([
      { migrations: ['20991231000000_unbreaking_news'] },
      { migrations: ['20991231000000_unbreaking_news'] },
    ])
  })

  test('a migration that fails names itself and the cause, and leaves nothing behind', async () => {
    const url = await emptyDatabase(await testDatabase())
    const client = await clientOf(url)
    // The second table of the first migration meets a view of the same name.
    await client.query('CREATE VIEW session_leases AS SELECT 1 AS one')
    const error = await rejection(open(url, { migrate: true }))
    expect(error).toMatchObject({ code: 'ERR_MIGRATION' })
    expect(error.message).toContain(`migration ${migrationFiles[0]!.name} failed`)
    expect((await client.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)).rows).toEqual([
      { tablename: '_prisma_migrations' },
    ])
    await client.query('DROP VIEW session_leases')
    await open(url, { migrate: true })
  })
})

describe('migrating', () => {
  test('applies each migration once, with the rows and checksums that Prisma writes, and is repeatable', async () => {
    const url = await emptyDatabase(await testDatabase())
    const logger = recordingLogger()
    await open(url, { migrate: true, logger })
    await open(url, { migrate: true, logger })
    await open(url, { logger })
    const client = await clientOf(url)
    const { rows } = await client.query(
      `SELECT migration_name, checksum, applied_steps_count, finished_at IS NOT NULL AS finished, rolled_back_at
       FROM _prisma_migrations ORDER BY migration_name`,
    )
    expect(rows).toEqual(
      migrationFiles.map(({ name, checksum }) => ({
        migration_name: name,
        checksum,
        applied_steps_count: 1,
        finished: true,
        rolled_back_at: null,
      })),
    )
    expect(logger.at('info').map((line) => line.fields)).toEqual(
      migrationFiles.map(({ name }) => ({ migration: name })),
    )
  })

  test('by ten at once in one program applies each once, and all ten go on', async () => {
    const database = await testDatabase()
    const url = await emptyDatabase(database)
    const logger = recordingLogger()
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, async () => {
        const connection = await new BMDB({ databaseUrl: url, componentName: 'test', logger }).open({ migrate: true })
        const session = await connection.startSession()
        await session.close()
        await connection.close()
      }),
    )
    expect(results.filter((one) => one.status === 'rejected')).toEqual([])
    expect(logger.at('info')).toHaveLength(migrationFiles.length)
    const client = await clientOf(url)
    expect((await client.query('SELECT 1 FROM _prisma_migrations')).rowCount).toBe(migrationFiles.length)
  })

  test('by programs of their own at once applies each once', async () => {
    const url = await emptyDatabase(await testDatabase())
    const program = `
      import { BMDB } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}
      const connection = await new BMDB({ databaseUrl: process.argv[1], componentName: 'c' }).open({ migrate: true, timeoutMs: 60_000 })
      await connection.close()`
    const run = promisify(execFile)
    const args = ['--import', 'tsx', '--conditions=@bmdb/source', '--input-type=module', '--eval', program, url]
    await Promise.all(Array.from({ length: 3 }, () => run(process.execPath, args, { cwd: import.meta.dirname })))
    const client = await clientOf(url)
    expect((await client.query('SELECT 1 FROM _prisma_migrations')).rowCount).toBe(migrationFiles.length)
  })

  test('waits for a program that migrates, until its limit', async () => {
    const url = await emptyDatabase(await testDatabase())
    const client = await clientOf(url)
    await client.query('SELECT pg_advisory_lock(72707369)')
    const bmdb = new BMDB({ databaseUrl: url, componentName: 'test' })
    expect(await rejection(bmdb.open({ migrate: true, timeoutMs: 300 }))).toMatchObject({
      code: 'ERR_DATABASE_UNAVAILABLE',
    })
    const opening = open(url, { migrate: true })
    await client.query('SELECT pg_advisory_unlock(72707369)')
    await opening
  })

  test('a database in use is left as it is', async () => {
    const database = await testDatabase()
    await database.sql('INSERT INTO machines DEFAULT VALUES')
    await open(database.url, { migrate: true })
    expect(await count(database, 'machines')).toBe(1)
  })
})

describe('a migration’s text', () => {
  test('is taken apart at semicolons at the end of a line, without comments and blanks', () => {
    expect(statementsOf("-- a\nCREATE TABLE a (\n  b TEXT DEFAULT ';x'\n);\n\nDROP TABLE a;\n")).toEqual([
      { sql: "CREATE TABLE a (\n  b TEXT DEFAULT ';x'\n)", only: undefined },
      { sql: 'DROP TABLE a', only: undefined },
    ])
  })

  test('may mark one statement as for one database alone', () => {
    expect(statementsOf('-- only: postgresql\nA;\nB;\n-- only: cockroachdb\nC;').map((one) => one.only)).toEqual([
      'postgresql',
      undefined,
      'cockroachdb',
    ])
  })

  test('must end its last statement', () => {
    expect(() => statementsOf('A;\nB')).toThrow('a statement has no semicolon at its end: B')
  })
})
