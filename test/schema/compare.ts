import { getDMMF } from '@prisma/get-dmmf'
import type { Client } from 'pg'

/** A database's or a schema's structure, one line a fact, so that two of them can be compared line by line. */
export type Structure = readonly string[]

const databaseTypes: Record<string, string> = {
  uuid: 'uuid',
  text: 'text',
  'timestamp with time zone': 'timestamptz',
  integer: 'int4',
  bigint: 'int8',
  jsonb: 'jsonb',
  boolean: 'bool',
}

const plainTypes: Record<string, string> = { String: 'text', Boolean: 'bool' }
const indexKinds: Record<string, string> = { id: 'primary key', unique: 'unique', normal: 'index' }

/** What the Prisma schema says that the database looks like. */
export async function structureOfSchema(datamodel: string): Promise<Structure> {
  const parsed = getDMMF({ datamodel })
  if (!('datamodel' in parsed)) throw new Error(`the Prisma schema cannot be read: ${JSON.stringify(parsed)}`)
  const { models, indexes } = parsed.datamodel
  const views = new Set([...datamodel.matchAll(/^view (\w+) \{/gm)].map((match) => match[1]))
  const lines: string[] = []
  for (const model of models) {
    const table = model.dbName ?? model.name
    const columnOf = new Map(model.fields.map((field) => [field.name, field.dbName ?? field.name]))
    const columns = (names: readonly string[]): string => names.map((name) => columnOf.get(name) ?? name).join(', ')
    for (const field of model.fields) {
      if (field.kind !== 'scalar') {
        if (views.has(model.name) || (field.relationFromFields ?? []).length === 0) continue
        lines.push(
          `${table}: refers by (${columns(field.relationFromFields ?? [])}), on delete ${field.relationOnDelete}`,
        )
        continue
      }
      const native = field.nativeType?.[0].toLowerCase()
      const type = native ?? plainTypes[field.type] ?? field.type
      const nullable = views.has(model.name) ? '' : field.isRequired ? ' not null' : ' null'
      lines.push(`${table}.${columnOf.get(field.name)}: ${type}${nullable}`)
    }
    if (views.has(model.name)) continue
    for (const index of indexes.filter((one) => one.model === model.name)) {
      const key = columns(index.fields.map((field) => field.name))
      lines.push(`${table}: ${indexKinds[index.type] ?? index.type} (${key})`)
    }
  }
  return lines.sort()
}

/** What the database looks like, by its own catalogue. */
export async function structureOfDatabase(client: Client): Promise<Structure> {
  const tables = await client.query<{ name: string; type: string }>(
    `SELECT table_name AS name, table_type AS type FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name NOT IN ('_prisma_migrations', 'bmdb_migration_lock')`,
  )
  const views = new Set(tables.rows.filter((row) => row.type === 'VIEW').map((row) => row.name))
  const names = tables.rows.map((row) => row.name)
  const columns = await client.query<{ table: string; column: string; type: string; nullable: string }>(
    `SELECT table_name AS table, column_name AS column, data_type AS type, is_nullable AS nullable
     FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ANY($1)`,
    [names],
  )
  const lines = columns.rows.map(({ table, column, type, nullable }) => {
    const nullability = views.has(table) ? '' : nullable === 'YES' ? ' null' : ' not null'
    return `${table}.${column}: ${databaseTypes[type] ?? type}${nullability}`
  })
  const indexes = await client.query<{ table: string; kind: string; key: string }>(
    `SELECT t.relname AS table,
            CASE WHEN i.indisprimary THEN 'primary key' WHEN i.indisunique THEN 'unique' ELSE 'index' END AS kind,
            (SELECT string_agg(a.attname, ', ' ORDER BY k.position)
             FROM unnest(i.indkey::int[]) WITH ORDINALITY AS k (number, position)
             JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.number) AS key
     FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid WHERE t.relname = ANY($1)`,
    [names],
  )
  for (const { table, kind, key } of indexes.rows) lines.push(`${table}: ${kind} (${key})`)
  const references = await client.query<{ table: string; action: string; key: string }>(
    `SELECT t.relname AS table,
            CASE c.confdeltype WHEN 'c' THEN 'Cascade' WHEN 'r' THEN 'Restrict' WHEN 'a' THEN 'NoAction' ELSE 'other' END AS action,
            (SELECT string_agg(a.attname, ', ') FROM pg_attribute AS a
             WHERE a.attrelid = t.oid AND a.attnum = ANY(c.conkey)) AS key
     FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid WHERE c.contype = 'f' AND t.relname = ANY($1)`,
    [names],
  )
  for (const { table, action, key } of references.rows) lines.push(`${table}: refers by (${key}), on delete ${action}`)
  return lines.sort()
}
