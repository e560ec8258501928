import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { invalid, text } from '../arguments.ts'
import { MigrationError, messageOf } from '../errors.ts'
import type { MigrationFile } from './migration-file.ts'

/** A program's own migrations, for tables of its own beside BMDB's. */
export interface OwnMigrations {
  /** Whose they are: 1 to 64 letters, digits, hyphens and underscores. They are recorded as `owner/name`. */
  readonly owner: string
  /** A directory as Prisma lays it out: one directory a migration, applied by name, with a `migration.sql` in it. */
  readonly directory: string
}

/**
 * Reads them, in the order of their names.
 * @throws InvalidArgumentError; MigrationError where the directory cannot be read, or has no migration in it
 */
export function readOwnMigrations(own: OwnMigrations | undefined): readonly MigrationFile[] {
  if (own === undefined) return []
  if (typeof own !== 'object' || own === null) invalid('migrations', own, 'an object with owner and directory')
  if (typeof own.owner !== 'string' || !/^[\w-]{1,64}$/.test(own.owner))
    invalid('migrations.owner', own.owner, 'a text of 1 to 64 letters, digits, hyphens and underscores')
  const directory = text('migrations.directory', own.directory, 4_096)
  try {
    const files = readdirSync(directory)
      .sort()
      .filter((name) => existsSync(join(directory, name, 'migration.sql')))
      .map((name) => fileOf(own.owner, name, readFileSync(join(directory, name, 'migration.sql'), 'utf8')))
    if (files.length === 0) throw new Error('there is no migration in it')
    return files
  } catch (error) {
    throw new MigrationError(`the migrations of ${own.owner} in ${directory}: ${messageOf(error)}`, { cause: error })
  }
}

/** With Prisma's own checksum: SHA-256 of the file, in hexadecimal. */
function fileOf(owner: string, name: string, sql: string): MigrationFile {
  return { name: `${owner}/${name}`, checksum: createHash('sha256').update(sql).digest('hex'), sql }
}
