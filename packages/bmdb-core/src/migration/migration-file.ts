import type { Dialect } from '../database/server.ts'

export { migrationFiles, type MigrationFile } from '../generated/migrations.ts'

/** One statement of a migration, and where it is run. */
export interface MigrationStatement {
  readonly sql: string
  readonly only: Dialect | undefined
}

/**
 * Takes a migration apart: a statement ends with a semicolon at the end of a line, and a comment line
 * `-- only: postgresql` (or `cockroachdb`) makes the next one run there alone.
 */
export function statementsOf(sql: string): readonly MigrationStatement[] {
  const statements: MigrationStatement[] = []
  let lines: string[] = []
  let only: Dialect | undefined
  for (const line of sql.split('\n')) {
    const marker = /^-- only: (postgresql|cockroachdb)$/.exec(line.trim())
    if (marker !== null) only = marker[1] as Dialect
    if (line.trim() === '' || line.trim().startsWith('--')) continue
    lines.push(line)
    if (line.trimEnd().endsWith(';')) {
      statements.push({ sql: lines.join('\n').trimEnd().slice(0, -1), only })
      lines = []
      only = undefined
    }
  }
  if (lines.length > 0) throw new Error(`a statement has no semicolon at its end: ${lines[0]}`)
  return statements
}

/** A migration whose name says so changes what older programs rely on: they must not open the database any more. */
export function isBreaking(name: string): boolean {
  return /_breaking(_|$)/.test(name)
}

/** Whether it is a program's own, and so none that a newer BMDB brought: its name begins with its owner and a slash. */
export function isOwn(name: string): boolean {
  return name.includes('/')
}
