import { randomUUID } from 'node:crypto'
import { startPrivateServer } from '@bmdb/embedded'
import { Client } from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { testDatabases, type TestDatabasesOptions } from '../src/index.ts'

async function withTable(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('CREATE TABLE things (n INT4)')
  await client.end()
}

async function databases(options: Omit<TestDatabasesOptions, 'prepare'> & Partial<TestDatabasesOptions> = {}) {
  const made = await testDatabases({ prepare: withTable, ...options })
  onTestFinished(() => made.close())
  return made
}

async function elsewhere(): Promise<string> {
  const server = await startPrivateServer({ durable: false })
  onTestFinished(() => server.close())
  return server.url
}

describe.each([
  ['of the embedded server', async () => ({})],
  ['of the embedded server, from a template', async () => ({ templateName: `kit-${randomUUID()}` })],
  ['of another server', async () => ({ serverUrl: await elsewhere() })],
] as [string, () => Promise<Partial<TestDatabasesOptions>>][])('throw-away databases %s', (_what, options) => {
  test('are prepared, and each is its own', async () => {
    const made = await databases(await options())
    const [one, other] = await Promise.all([made.create(), made.create()])
    await one.sql('INSERT INTO things VALUES ($1)', 7)
    expect(await one.sql('SELECT n FROM things')).toEqual([{ n: 7 }])
    expect(await other.sql('SELECT n FROM things')).toEqual([])
    expect(one.name).not.toBe(other.name)
    expect(new URL(one.url).pathname).toBe(`/${one.name}`)
  })

  test('are gone once dropped, though somebody is connected; twice is harmless', async () => {
    const made = await databases(await options())
    const database = await made.create()
    const other = await made.create()
    const client = new Client({ connectionString: database.url })
    client.on('error', () => {})
    await client.connect()
    await database.sql('SELECT 1')
    await database.drop()
    await database.drop()
    const left = await other.sql('SELECT 1 FROM pg_database WHERE datname = $1', database.name)
    expect(left).toEqual([])
  })

  test('are dropped with their maker, which makes no more; twice is harmless', async () => {
    const made = await databases(await options())
    const { url } = await made.create()
    await made.close()
    await made.close()
    await expect(made.create()).rejects.toThrow('these test databases were closed')
    const client = new Client({ connectionString: url })
    client.on('error', () => {})
    await expect(client.connect()).rejects.toThrow()
  })
})

test('what prepares a template runs once for all that is made from it, and what it returns is disposed', async () => {
  const templateName = `kit-${randomUUID()}`
  let prepared = 0
  let disposed = 0
  const prepare = async (): Promise<AsyncDisposable> => {
    prepared += 1
    return { [Symbol.asyncDispose]: async () => void (disposed += 1) }
  }
  const made = await databases({ templateName, prepare })
  const again = await databases({ templateName, prepare })
  await Promise.all([made.create(), made.create(), again.create()])
  expect({ prepared, disposed }).toEqual({ prepared: 1, disposed: 1 })
})

test('where preparing fails nothing is left behind, and its error comes out', async () => {
  const serverUrl = await elsewhere()
  const failing = await databases({ serverUrl, prepare: () => Promise.reject(new Error('cannot prepare')) })
  await expect(failing.create()).rejects.toThrow('cannot prepare')
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  const { rows } = await client.query(`SELECT datname FROM pg_database WHERE datname LIKE 'bmdb_test_%'`)
  await client.end()
  expect(rows).toEqual([])
})
