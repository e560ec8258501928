import type { Command } from 'commander'
import type { MigrationStatus } from '@bmdb/core'
import { withUnopened } from '../database/with-database.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Column } from '../output/output.ts'
import { addCommand, whenRun, type Run } from './define.ts'

/** A migration, and how it stands. `unknown`: applied by a newer version of BMDB. */
interface MigrationRow {
  readonly migration: string
  readonly state: 'applied' | 'missing' | 'unknown'
}

const columns: readonly Column<MigrationRow>[] = [
  { title: 'MIGRATION', of: (row) => row.migration },
  { title: 'STATE', of: (row) => row.state },
]

/** `bmdb migrate …` */
export function addMigrateCommands(root: Command, run: Run): void {
  const group = addCommand(root, 'migrate', { description: "the database's migrations" })
  addStatus(group, run)
  addUp(group, run)
}

function addStatus(group: Command, run: Run): void {
  const command = addCommand(group, 'status', {
    description: 'lists migrations; exits with 7 if some are missing',
    examples: [['bmdb migrate status', 'what bmdb migrate up would apply']],
  })
  whenRun(run, command, async (context) => {
    const { output } = context
    const status = await withUnopened(context, ({ bmdb, wait }) => bmdb.migrationStatus(wait))
    const rows = rowsOf(status)
    if (output.json) await output.value({ rows, next: null })
    else await output.rows(columns, rows)
    const missing = status.pending.length
    if (missing === 0) return exitCodes.done
    await output.note(`${missing} migration${missing === 1 ? ' is' : 's are'} missing: bmdb migrate up applies them`)
    return exitCodes.findings
  })
}

function rowsOf({ applied, pending, unknown }: MigrationStatus): MigrationRow[] {
  return [
    ...applied.map((migration): MigrationRow => {
      return { migration, state: unknown.includes(migration) ? 'unknown' : 'applied' }
    }),
    ...pending.map((migration): MigrationRow => ({ migration, state: 'missing' })),
  ]
}

function addUp(group: Command, run: Run): void {
  const command = addCommand(group, 'up', {
    description: 'applies what is missing; any number of programs may do so at once',
    examples: [['bmdb migrate up --database-url "$ADMIN_URL"', 'as a role that may change the schema']],
  })
  whenRun(run, command, async (context) => {
    const { output } = context
    const applied = await withUnopened(context, ({ bmdb, wait }) => bmdb.migrate(wait))
    if (output.json) await output.value({ done: applied.length > 0, action: 'migrate', applied })
    else for (const migration of applied) await output.line(`applied ${migration}`)
    if (applied.length === 0) await output.note('nothing to change: every migration was applied already')
    return applied.length === 0 ? exitCodes.nothing : exitCodes.done
  })
}
