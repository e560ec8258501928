import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BMDB, DatabaseUnavailableError, InvalidArgumentError, type BMDBConfig } from '../src/index.ts'
import { count, eventually, pause, rejection, urlOf } from './helpers.ts'
import { testDatabase, type TestDatabase } from './setup.ts'
import { faults, startProxy } from './proxy.ts'

/** What opening this URL rejects with. */
function opening(databaseUrl: string, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Error> {
  return rejection(new BMDB({ databaseUrl, componentName: 'test' }).open(options))
}

function withCredentials(database: TestDatabase, user: string, password: string): string {
  const url = new URL(database.url)
  url.username = user
  url.password = password
  return url.href
}

/** A port at which something accepts, and never says a word. */
async function silentPort(): Promise<number> {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

describe('promise 12: clear errors when opening', () => {
  test('a database that nobody listens for is unreachable, said within the limit', async () => {
    const error = await opening('postgresql://u:secret@127.0.0.1:1/nothing', { timeoutMs: 300 })
    expect(error).toBeInstanceOf(DatabaseUnavailableError)
    expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'unreachable' })
    expect(error.message).toContain('127.0.0.1:1/nothing')
    expect(error.message).toContain('is it running')
  })

  test('a host name that does not exist is unreachable too', async () => {
    const error = await opening('postgresql://u:secret@no-such-host.invalid/db', { timeoutMs: 1_500 })
    expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'unreachable' })
    expect(error.message).toContain('no-such-host.invalid:5432/db')
  })

  test('a database that accepts and never answers is unreachable, said within the limit', async () => {
    const error = await opening(`postgresql://u:secret@127.0.0.1:${await silentPort()}/db`, { timeoutMs: 500 })
    expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'unreachable' })
  })

  test.each(['SELECT version()', '_prisma_migrations', 'set_config'])(
    'a database that goes silent at %j is unreachable, said within the limit',
    async (text) => {
      const database = await testDatabase()
      const { proxy, url } = await startProxy(database.url)
      onTestFinished(() => proxy.heal())
      void proxy.next(text, faults.silence)
      expect(await opening(url, { timeoutMs: 700 })).toMatchObject({
        code: 'ERR_DATABASE_UNAVAILABLE',
        reason: 'unreachable',
      })
    },
  )

  test('a database that comes up within the limit is waited for', async () => {
    const database = await testDatabase()
    const { proxy, url } = await startProxy(database.url)
    proxy.refuse()
    const connecting = database.open({ databaseUrl: url })
    await eventually('it was tried twice', () => proxy.counts.connections >= 2)
    proxy.restore()
    const connection = await connecting
    expect(connection.dialect).toBe('postgresql')
  })

  test('a wrong password is said at once, with the user’s name and without the password', async () => {
    const database = await testDatabase()
    const error = await opening(withCredentials(database, 'postgres', 'tr0ub4dor'), { timeoutMs: 60_000 })
    expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'authentication' })
    expect(error.message).not.toContain('tr0ub4dor')
  })

  test('an unknown user is said at once', async () => {
    const database = await testDatabase()
    const error = await opening(withCredentials(database, 'nobody-here', 'tr0ub4dor'), { timeoutMs: 60_000 })
    expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'authentication' })
    expect(error.message).toContain('nobody-here')
  })

  test('a database that does not exist is said at once', async () => {
    const database = await testDatabase()
    const error = await opening(urlOf(database, 'not_there'), { timeoutMs: 60_000 })
    expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'no such database' })
    expect(error.message).toContain('/not_there')
    expect(error.message).toContain('create it')
  })

  test('a server with no room for connections is overloaded', async () => {
    const database = await testDatabase()
    const guest = `guest_${Math.random().toString(36).slice(2)}`
    await database.sql(`CREATE ROLE ${guest} LOGIN PASSWORD 'guest' CONNECTION LIMIT 0`)
    onTestFinished(async () => void (await database.sql(`DROP ROLE ${guest}`)))
    const error = await opening(withCredentials(database, guest, 'guest'), { timeoutMs: 700 })
    expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'overloaded' })
  })

  test('an abort rejects with the signal’s own reason', async () => {
    const mine = new Error('never mind')
    const url = `postgresql://u:secret@127.0.0.1:${await silentPort()}/db`
    expect(await opening(url, { signal: AbortSignal.abort(mine) })).toBe(mine)
    const caller = new AbortController()
    const rejecting = opening(url, { signal: caller.signal })
    await pause(50)
    caller.abort(mine)
    expect(await rejecting).toBe(mine)
  })

  test.each([0, -1, NaN, Infinity, 2 ** 31, '5'])('a time limit of %s is refused', async (timeoutMs) => {
    const database = await testDatabase()
    const error = await opening(database.url, { timeoutMs: timeoutMs as number })
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(error.message).toContain('timeoutMs')
  })
})

describe('promise 12: clear errors for a configuration', () => {
  const good: BMDBConfig = { databaseUrl: 'postgresql://u:secret@h/db', componentName: 'c' }
  const making = (config: unknown): InvalidArgumentError => {
    try {
      new BMDB(config as BMDBConfig)
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidArgumentError)
      return error as InvalidArgumentError
    }
    throw new Error('it was taken')
  }

  test.each([
    undefined,
    '',
    42,
    'localhost',
    'localhost:5432/db',
    '/var/run/postgresql',
    'mysql://u:hunter2@h/db',
    'http://u:hunter2@h/db',
    'postgresql://u:hunter2@h:5432',
    'postgresql://u:hunter2@h:5432/',
    'postgresql://u:hunter2@h:99999/db',
    'postgresql://u:hunter2#x@h/db',
  ])('the URL %j is refused, with an example and without repeating it', (databaseUrl) => {
    const { message } = making({ ...good, databaseUrl })
    expect(message).toMatch(/^databaseUrl .*(postgresql:\/\/|\/name)/)
    expect(message).not.toContain('hunter2')
  })

  test.each(['postgres://h/db', 'postgresql://u:p%40ss@[::1]:26257/db?sslmode=disable'])(
    'the URL %j is taken, and nothing is connected',
    (databaseUrl) => {
      expect(new BMDB({ ...good, databaseUrl })).toBeInstanceOf(BMDB)
    },
  )

  test.each([undefined, '', 'x'.repeat(129), 5, 'a\0b'])('the component name %j is refused', (componentName) => {
    expect(making({ ...good, componentName }).message).toMatch(/^componentName is .* 1 to 128 characters$/)
  })

  test('a component name of 128 characters is stored as it is', async () => {
    const database = await testDatabase()
    const componentName = 'ü'.repeat(128)
    const connection = await database.open({ componentName })
    await connection.startSession()
    expect(await database.sql('SELECT session_component_name FROM sessions')).toEqual([
      { session_component_name: componentName },
    ])
    expect(await count(database, 'sessions')).toBe(1)
  })

  test.each([0, 1001, 1.5, '10'])('a pool size of %s is refused', (poolSize) => {
    expect(making({ ...good, poolSize }).message).toMatch(/^poolSize is .* from 1 to 1000$/)
  })

  test('what is no configuration at all is refused', () => {
    expect(making(undefined).message).toMatch(/^config is undefined/)
    expect(making({ ...good, runtimeInfo: 5 }).message).toMatch(/^runtimeInfo is 5/)
    expect(making({ ...good, client: {} }).message).toMatch(/^client is an object/)
  })
})
