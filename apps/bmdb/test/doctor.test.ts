import { expect, test } from 'vitest'
import { neededIndexes, neededPrivileges } from '../src/doctor/tables.ts'
import { invoke, invokeJson } from './invoke.ts'
import { emptyDatabase, open, testDatabase, testMachines } from './setup.ts'

interface Told {
  readonly ok: boolean
  readonly checks: readonly { check: string; ok: boolean | null; fact: string; remedy: string | null }[]
}

async function doctor(url: string, ...options: string[]) {
  const { code, result } = await invokeJson<Told>(['doctor', '--timeout', '2', ...options], { url })
  const checks = Object.fromEntries(result.checks.map((one) => [one.check, one]))
  return { code, ok: result.ok, checks, all: result.checks }
}

test('a healthy database passes every check, but for the durability that test databases do without', async () => {
  const { url } = await testDatabase()
  const { all, checks } = await doctor(url)
  expect(all.filter(({ check, ok }) => ok !== true && check !== 'durability')).toEqual([])
  expect(all.length).toBeGreaterThanOrEqual(12)
  for (const { ok, remedy } of all) expect(remedy === null).toBe(ok)
  expect(checks['connects']!.fact).toMatch(/postgresql, answers in [\d.]+ ms/)
})

test('a server without fsync is found, with what to set', async () => {
  const { url } = await testDatabase()
  const { code, ok, checks } = await doctor(url)
  expect({ code, ok }).toEqual({ code: 7, ok: false })
  expect(checks['durability']).toMatchObject({ ok: false, remedy: expect.stringContaining('fsync = on') as string })
})

test('missing indexes, lingering sessions and long transactions are found, each with its remedy, and none stops the next', async () => {
  const { database, connection } = await testMachines(0)
  await database.sql('DROP INDEX work_session_id_idx')
  const session = await connection.startSession({ intervalSeconds: 60 })
  await database.sql(`UPDATE session_leases SET session_deadline = now() - interval '2 minutes'`)
  const other = await open(database.url)
  await other.prisma.$transaction(async (tx) => {
    await tx.$executeRawUnsafe('SELECT 1')
    const { code, checks } = await doctor(database.url, '--long', '0')
    expect(code).toBe(7)
    expect(checks['indexes']).toMatchObject({ ok: false, fact: 'work_session_id_idx is missing' })
    expect(checks['expired sessions']).toMatchObject({
      ok: false,
      remedy: expect.stringContaining('gc:serve') as string,
    })
    expect(checks['long transactions']).toMatchObject({
      ok: false,
      remedy: expect.stringMatching(/pg_terminate_backend\(\d+\)/) as string,
    })
    expect((await doctor(database.url)).checks['long transactions']).toMatchObject({ ok: true })
  })
  await session.close()
})

test('what the role may not do is found, with the GRANT for it', async () => {
  const { database } = await testMachines(0)
  const role = `half_${Date.now()}`
  await database.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`)
  await database.sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`)
  await database.sql(`REVOKE DELETE ON work FROM ${role}`)
  const { checks } = await doctor(Object.assign(new URL(database.url), { username: role, password: 'p' }).href)
  await database.sql(`DROP OWNED BY ${role}`)
  await database.sql(`DROP ROLE ${role}`)
  expect(checks['privileges']).toMatchObject({
    ok: false,
    fact: 'this role lacks DELETE on work',
    remedy: `GRANT DELETE ON work TO "${role}";`,
  })
})

test('a database that cannot be opened is told, with what to do, and what could not be checked for that', async () => {
  const unreachable = await doctor('postgresql://u:s3cret@127.0.0.1:1/d')
  expect(unreachable.code).toBe(7)
  expect(unreachable.checks['connects']).toMatchObject({
    ok: false,
    fact: expect.stringContaining('127.0.0.1:1/d') as string,
  })
  expect(unreachable.checks['indexes']).toMatchObject({ ok: null })
  const empty = await doctor((await emptyDatabase()).url)
  expect(empty.code).toBe(7)
  expect(empty.checks['migrations']).toMatchObject({
    ok: false,
    remedy: expect.stringContaining('migrate up') as string,
  })
})

test('the doctor knows every table, view and index that the migrations make', async () => {
  const { sql } = await testDatabase()
  const tables = await sql<{ name: string }>(
    `SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  )
  expect(Object.keys(neededPrivileges).sort()).toEqual(tables.map(({ name }) => name).sort())
  const indexes = await sql<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
     JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND NOT i.indisunique`,
  )
  expect([...neededIndexes].sort()).toEqual(indexes.map(({ name }) => name).sort())
})

test('migrate lists what is missing, applies it once, and tells that by its exit codes', async () => {
  const { url, sql } = await emptyDatabase()
  const missing = await invokeJson<{ rows: { migration: string; state: string }[] }>(['migrate', 'status'], { url })
  expect(missing.code).toBe(7)
  expect(missing.result.rows.map(({ state }) => state)).toEqual(missing.result.rows.map(() => 'missing'))
  expect(await sql(`SELECT 1 FROM information_schema.tables WHERE table_schema = 'public'`)).toEqual([])
  const up = await invoke(['migrate', 'up'], { url })
  expect(up).toMatchObject({ code: 0, err: '' })
  expect(up.out).toBe(missing.result.rows.map(({ migration }) => `applied ${migration}\n`).join(''))
  const after = await invokeJson<{ rows: { migration: string; state: string }[] }>(['migrate', 'status'], { url })
  expect(after.code).toBe(0)
  expect(after.result.rows).toEqual(
    missing.result.rows.map(({ migration }) => expect.objectContaining({ migration, state: 'applied' }) as object),
  )
  expect((await invoke(['migrate', 'up'], { url })).code).toBe(5)
})
