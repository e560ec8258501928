import type { Database } from '../database/database.ts'
import { readOwn } from '../database/own-statements.ts'
import { TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'

/** A table of facts about machines, BMDB's or somebody's own. */
export interface FactTable {
  /** `bmc` of the table `machine_bmc`. */
  readonly fact: string
  readonly table: string
}

/** The tables `machine_<fact>` whose key is `machine_id` alone, by name. */
export async function factTables(database: Database, options: WaitOptions = {}): Promise<FactTable[]> {
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError('looking for facts', ms))
  const { rows } = await readOwn(database, limit, 'looking for facts', (connection) =>
    connection.query<{ table: string }>({
      name: 'bmdb_fact_tables',
      text: `
        SELECT c.relname AS table
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_index AS i ON i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE n.nspname = current_schema() AND c.relkind = 'r'
          AND c.relname LIKE 'machine\\_%' AND a.attname = 'machine_id' AND has_table_privilege(c.oid, 'SELECT')
        ORDER BY c.relname`,
    }),
  )
  return rows.map(({ table }) => ({ fact: table.slice('machine_'.length), table }))
}

/** A name of a table or a column in a statement. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
