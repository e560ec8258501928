import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BMDB, claimable, type BMDBConfig } from '@bmdb/core'
import { expect, onTestFinished, test } from 'vitest'
import { emptyDatabase } from '@bmdb/test/setup'
import { structureOfDatabase, structureOfSchema } from '@bmdb/test/structure'
import { PrismaClient } from './generated/prisma/client.ts'

const here = import.meta.dirname

/** How a program with tables of its own opens BMDB. */
function ownBMDB(databaseUrl: string, more: Partial<BMDBConfig<PrismaClient>> = {}): BMDB<PrismaClient> {
  return new BMDB({
    databaseUrl,
    componentName: 'power',
    client: (adapter) => new PrismaClient({ adapter }),
    migrations: { owner: 'power', directory: join(here, 'prisma/migrations') },
    ...more,
  })
}

async function migrated() {
  const { url, client } = await emptyDatabase()
  const connection = await ownBMDB(url).open({ migrate: true })
  onTestFinished(() => connection.close())
  return { url, client, connection }
}

test('migrations of one’s own run behind BMDB’s, once, and neither side sees a drift', async () => {
  const { url, client } = await migrated()
  const bmdbs = (await structureOfSchema(readFileSync(join(here, '../../prisma/schema.prisma'), 'utf8'))).length
  const expected = await structureOfSchema(readFileSync(join(here, 'generated/schema.prisma'), 'utf8'))
  const withoutForeignKey = 'work_tokens: refers by (machine_id), on delete NoAction'
  expect(await structureOfDatabase(client)).toEqual(expected.filter((line) => line !== withoutForeignKey))
  expect(expected.length).toBeGreaterThan(bmdbs)
  expect(await ownBMDB(url).migrate()).toEqual([])
  expect(await ownBMDB(url).migrationStatus()).toMatchObject({ pending: [], unknown: [] })
  // A program that knows nothing of them, such as the collector.
  const warnings: string[] = []
  const logger = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message), error() {} }
  const other = await new BMDB({ databaseUrl: url, componentName: 'gc', logger }).open()
  await other.close()
  expect(warnings).toEqual([])
})

test('a migration may have what is no plain list of statements', async () => {
  const { url, client } = await emptyDatabase()
  const directory = mkdtempSync(join(tmpdir(), 'bmdb-own-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  mkdirSync(join(directory, '1_function'))
  const sql = `CREATE FUNCTION watts() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  -- Two statements.
  PERFORM 1;
  RETURN 42;
END $$;
SELECT 1`
  writeFileSync(join(directory, '1_function/migration.sql'), sql)
  await ownBMDB(url, { migrations: { owner: 'power', directory } }).migrate()
  expect((await client.query('SELECT watts() AS watts')).rows).toEqual([{ watts: 42 }])
})

test('a program whose own migrations are missing says so when it opens', async () => {
  const { url } = await emptyDatabase()
  await (await new BMDB({ databaseUrl: url, componentName: 'gc' }).open({ migrate: true })).close()
  const error = await ownBMDB(url)
    .open()
    .catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'ERR_MIGRATION' })
  expect((error as Error).message).toContain('power/20261127000000_power')
})

test('tables of one’s own are claimed by, written and fenced like BMDB’s', async () => {
  const { client, connection } = await migrated()
  const { prisma } = connection
  const weak = await prisma.machine.create({ data: { powerFeed: { create: { watts: 100 } } } })
  await prisma.machine.create({ data: { powerFeed: { create: { watts: 900 } } } })
  const session = await connection.startSession({ intervalSeconds: 60 })
  await session.transact((tx) => tx.powerFeed.update({ where: { machineId: weak.id }, data: { watts: 200 } }))
  const where = { powerFeed: { is: { watts: { lt: 500 } } } }
  const work = await session.startWork('PowerUp', (tx) => claimable(tx, 'PowerUp', { where }))
  expect(work?.machineId).toBe(weak.id)
  await work!.finish((tx) => tx.powerFeed.update({ where: { machineId: weak.id }, data: { watts: 1_000 } }))
  expect((await prisma.powerFeed.findMany()).map((row) => row.watts).sort()).toEqual([1_000, 900])
  const lost = (await session.startWork('PowerUp', [weak.id]))!
  await client.query('DELETE FROM work')
  const refused = await lost
    .finish((tx) => tx.powerFeed.deleteMany())
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
  expect(refused).toMatchObject({ code: 'ERR_WORK_LOST' })
  expect(await prisma.powerFeed.count()).toBe(2)
})

test('a process that was declared by such a table is explained and counted by it', async () => {
  const { connection } = await migrated()
  const machine = await connection.prisma.machine.create({ data: { powerFeed: { create: { watts: 100 } } } })
  await connection.declareProcess({ process: 'PowerUp', where: { powerFeed: { is: { watts: { lt: 500 } } } } })
  expect(await connection.explain(machine.id, 'PowerUp')).toMatchObject({ eligible: true })
  expect(await connection.fleet.counts('PowerUp')).toMatchObject({ eligible: 1 })
})
