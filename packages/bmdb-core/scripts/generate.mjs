// Writes src/generated: Prisma's client for the schema at the root, and the migrations as a module of strings, so that
// the built package carries them and never has to guess where prisma/ lies.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const generated = join(root, 'packages/bmdb-core/src/generated')

generateClient()
generateMigrations()

function generateClient() {
  const prisma = createRequire(join(root, 'package.json')).resolve('prisma/package.json')
  const cli = join(dirname(prisma), JSON.parse(readFileSync(prisma, 'utf8')).bin.prisma)
  const env = { ...process.env, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' }
  // `generate` starts no schema engine, but its command line downloads one when it is missing. Any executable file
  // stands in for it; only this step sees it, because migrations by a stand-in would look like a success.
  env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath
  try {
    execFileSync(process.execPath, [cli, 'generate', '--no-hints'], { cwd: root, env, stdio: 'pipe', encoding: 'utf8' })
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}`)
    throw new Error('prisma generate failed', { cause: error })
  }
}

function generateMigrations() {
  const directory = join(root, 'prisma/migrations')
  const migrations = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(directory, entry.name, 'migration.sql')))
    .map((entry) => {
      const sql = readFileSync(join(directory, entry.name, 'migration.sql'), 'utf8')
      // Prisma's own checksum: SHA-256 of the file, in hexadecimal.
      return { name: entry.name, checksum: createHash('sha256').update(sql).digest('hex'), sql }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  mkdirSync(generated, { recursive: true })
  const lines = [
    '// Generated from prisma/migrations by scripts/generate.mjs.',
    'export interface MigrationFile {',
    '  readonly name: string',
    '  readonly checksum: string',
    '  readonly sql: string',
    '}',
    '',
    `export const migrationFiles: readonly MigrationFile[] = ${JSON.stringify(migrations, null, 2)}`,
    '',
  ]
  writeFileSync(join(generated, 'migrations.ts'), lines.join('\n'))
}
