import { inspect } from 'node:util'
import { BMDB } from '@bmdb/core'
import { describe, expect, test } from 'vitest'
import { dialect, emptyDatabase, hold, testSession } from './setup.ts'
import { rejection } from './waiting.ts'

const secret = 's3cret-and-nobodys'

describe('promise 12: clear errors, nothing written, never a wait without a limit', () => {
  test('bad input is refused by a typed error that names the value, and nothing is written', async () => {
    const { database, connection, session, machineId } = await testSession()
    const work = await hold(session, machineId)
    const before = await database.journal()
    const bad: Record<string, () => Promise<unknown>> = {
      'not-a-uuid': () => session.work('not-a-uuid', 'P', () => {}),
      '0': () => connection.startSession({ intervalSeconds: 0 }),
      '0.5': () => connection.startSession({ intervalSeconds: 0.5 }),
      '-7': () => session.transact(async () => {}, { timeoutMs: -7 }),
      '1001': () => session.startWorkMany('P', [], { limit: 1_001 }),
      process: () => session.startWork('', []),
      '-3': () => work.fail('x', { initialSeconds: -3 }),
    }
    for (const [value, call] of Object.entries(bad)) {
      const error = await rejection(call())
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
      expect(error.message).toContain(value)
    }
    expect(() => new BMDB({ databaseUrl: 'mysql://h/db', componentName: 'x' })).toThrow(/mysql/)
    expect(await database.journal()).toEqual(before)
    expect(await database.sql('SELECT count(*)::int4 AS n FROM sessions')).toEqual([{ n: 1 }])
  })

  test('an unknown machine is named', async () => {
    const { session } = await testSession()
    const machineId = crypto.randomUUID()
    const error = await rejection(session.work(machineId, 'P', () => {}))
    expect(error).toMatchObject({ code: 'ERR_MACHINE_NOT_FOUND', machineId })
    expect(error.message).toContain(machineId)
    expect(await session.startWork('P', [machineId])).toBeNull()
  })

  test('a database that cannot be reached: within the limit, with its address and without the password', async () => {
    const databaseUrl = `postgresql://me:${secret}@127.0.0.1:1/there`
    const bmdb = new BMDB({ databaseUrl, componentName: 'conformance' })
    const startMs = performance.now()
    const error = await rejection(bmdb.open({ timeoutMs: 300 }))
    expect(performance.now() - startMs).toBeLessThan(1_500)
    expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'unreachable' })
    expect(error.message).toContain('127.0.0.1:1/there')
    for (const shown of [error, bmdb].flatMap((one) => [
      inspect(one, { depth: 9, showHidden: true }),
      JSON.stringify(one),
    ]))
      expect(shown).not.toContain(secret)
  })

  test('a database without migrations: what to do about it', async () => {
    const databaseUrl = await emptyDatabase()
    const error = await rejection(new BMDB({ databaseUrl, componentName: 'conformance' }).open())
    expect(error).toMatchObject({ code: 'ERR_MIGRATION' })
    expect(error.message).toMatch(/migrat/)
  })

  const why = 'PostgreSQL only: CockroachDB lets clients into databases that do not exist'
  test.skipIf(dialect === 'cockroachdb')(`a database that does not exist is named (${why})`, async () => {
    const { database } = await testSession()
    const databaseUrl = Object.assign(new URL(database.url), { pathname: '/no_such_database' }).href
    const error = await rejection(new BMDB({ databaseUrl, componentName: 'conformance' }).open())
    expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'no such database' })
    expect(error.message).toContain('/no_such_database')
  })
})
