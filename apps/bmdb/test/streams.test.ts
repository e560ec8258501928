import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { Program } from './program.ts'
import { testDatabase, testMachines } from './setup.ts'

test('a reader that has seen enough ends nothing and hears nothing', async () => {
  const { url, sql } = await testDatabase()
  await sql('INSERT INTO machines (machine_id) SELECT gen_random_uuid() FROM generate_series(1, 3000)')
  const entry = inject('built')
    ? join(import.meta.dirname, '../dist/main.js')
    : `--import ${import.meta.resolve('tsx')} --conditions=@bmdb/source ${join(import.meta.dirname, '../src/main.ts')}`
  const script = `{ ${process.execPath} ${entry} machine ls --all; echo "code $?" >&2; } | head -1`
  const shell = spawn('sh', ['-c', script], { env: { PATH: process.env['PATH'], BMDB_DATABASE_URL: url } })
  let out = ''
  let err = ''
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  await once(shell, 'close')
  expect(out).toMatch(/^MACHINE\t.*\n$/)
  expect(err).toBe('code 0\n')
})

test('a signal ends what waits for the database with 128 plus its number, and one line', async () => {
  const { database, machineIds } = await testMachines(1)
  await database.sql('BEGIN')
  await database.sql('LOCK TABLE machines IN ACCESS EXCLUSIVE MODE')
  const program = new Program(['machine', 'show', machineIds[0]], { BMDB_DATABASE_URL: database.url })
  const waiting =
    'SELECT 1 FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())'
  await expect.poll(async () => (await database.sql(waiting)).length, { timeout: 20_000 }).toBeGreaterThan(0)
  program.child.kill('SIGINT')
  expect(await program.ended()).toBe(130)
  expect(program.out).toBe('')
  expect(program.err).toBe('error: stopped by SIGINT\n')
  await database.sql('ROLLBACK')
})
