import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { migratedDatabase, root } from '../setup.ts'
import { structureOfDatabase, structureOfSchema } from './compare.ts'

const schema = readFileSync(join(root, 'prisma/schema.prisma'), 'utf8')

// Declared for queries only: the row outlives the machine, so the database has no foreign key there.
const relationsWithoutForeignKey = ['work_tokens: refers by (machine_id), on delete NoAction']

describe('the Prisma schema and the migrations', () => {
  test('describe the same tables, columns, keys, indexes and foreign keys', async () => {
    const { client } = await migratedDatabase()
    const expected = (await structureOfSchema(schema)).filter((line) => !relationsWithoutForeignKey.includes(line))
    expect(await structureOfDatabase(client)).toEqual(expected)
    expect(expected.length).toBeGreaterThan(60)
  })

  test('differ when a column is in the database alone', async () => {
    const { client } = await migratedDatabase()
    const before = await structureOfDatabase(client)
    await client.query('ALTER TABLE machines ADD COLUMN machine_name TEXT NULL')
    const after = await structureOfDatabase(client)
    expect(after.filter((line) => !before.includes(line))).toEqual(['machines.machine_name: text null'])
  })

  test('differ when a field is in the schema alone', async () => {
    const before = await structureOfSchema(schema)
    const after = await structureOfSchema(
      schema.replace('model Machine {', 'model Machine {\n  name String? @map("machine_name")'),
    )
    expect(after.filter((line) => !before.includes(line))).toEqual(['machines.machine_name: text null'])
  })

  test('differ when a column is of another type, or may be null on one side only', async () => {
    const { client } = await migratedDatabase()
    await client.query('ALTER TABLE work_backoff ALTER COLUMN cause DROP NOT NULL')
    await client.query('ALTER TABLE machine_bmc ALTER COLUMN bmc_address TYPE VARCHAR(10)')
    const found = await structureOfDatabase(client)
    expect(found).toContain('work_backoff.cause: text null')
    expect(found).not.toContain('machine_bmc.bmc_address: text not null')
  })
})
