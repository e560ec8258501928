// Puts BMDB's schema and this workspace's models together, and generates a client for both.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const here = import.meta.dirname
const generated = join(here, 'generated')

/** The other side of each relation from a model here to a model of BMDB's. */
const relations = { Machine: ['powerFeed PowerFeed?'] }

let schema = readFileSync(join(here, '../../prisma/schema.prisma'), 'utf8')
schema = schema.replace(/output( +)= ".*"/, 'output$1= "./prisma"')
for (const [model, fields] of Object.entries(relations))
  schema = schema.replace(`model ${model} {`, `model ${model} {\n  ${fields.join('\n  ')}`)
mkdirSync(generated, { recursive: true })
const composed = join(generated, 'schema.prisma')
writeFileSync(composed, `${schema}\n${readFileSync(join(here, 'prisma/power.prisma'), 'utf8')}`)

const prisma = createRequire(import.meta.url).resolve('prisma/package.json')
const cli = join(dirname(prisma), JSON.parse(readFileSync(prisma, 'utf8')).bin.prisma)
// Generating starts no schema engine, but Prisma's command looks for one: any executable file stands in for it.
const env = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1', ...process.env }
execFileSync(process.execPath, [cli, 'generate', '--no-hints', '--schema', composed], { cwd: here, env, stdio: 'pipe' })
