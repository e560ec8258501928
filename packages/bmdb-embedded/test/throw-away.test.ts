import { spawn } from 'node:child_process'
import { once } from 'node:events'
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { attachEmbeddedDatabase, throwAwayDatabases } from '../src/index.ts'
import { packageDirectory } from './support/programs.ts'
import { answers, query } from './support/query.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

it('copies the template, drops the copies, and prepares the template once', async () => {
  const directory = await temporaryDirectory()
  let prepared = 0
  const template = {
    name: 'fleet-1',
    prepare: async (url: string) => {
      prepared++
      await query(url, 'CREATE TABLE machines (id INT4); INSERT INTO machines VALUES (1)')
    },
  }
  const factory = await throwAwayDatabases({ directory, durable: false, template })
  const [first, second] = await Promise.all([factory.create(), factory.create()])
  await query(first.url, 'INSERT INTO machines VALUES (2)')
  expect(await query(second.url, 'SELECT id FROM machines')).toEqual([{ id: 1 }])
  await first.drop()
  await first.drop()
  expect(await answers(first.url)).toBe(false)

  const other = await throwAwayDatabases({ directory, durable: false, template })
  const third = await other.create()
  expect(await query(third.url, 'SELECT id FROM machines')).toEqual([{ id: 1 }])
  expect(prepared).toBe(1)
  await other.close()
  expect(await answers(third.url)).toBe(false)
  expect(await answers(second.url)).toBe(true)
  await factory.close()
  await expect(factory.create()).rejects.toMatchObject({ code: 'ERR_EMBEDDED_CLOSED' })
})

it('prepares a template once for all who ask at the same time', async () => {
  const directory = await temporaryDirectory()
  let prepared = 0
  const prepare = async (url: string): Promise<void> => {
    prepared++
    await query(url, 'CREATE TABLE machines (id INT4)')
    await untilOthersWait(url, 3)
  }
  const factories = await Promise.all(
    [1, 2, 3, 4].map(() => throwAwayDatabases({ directory, durable: false, template: { name: 'same', prepare } })),
  )
  expect(prepared).toBe(1)
  await Promise.all(factories.map(async (factory) => factory.create()))
  await Promise.all(factories.map((factory) => factory.close()))
})

it('makes a template anew whose preparation failed or was cut short', async () => {
  const directory = await temporaryDirectory()
  await using keep = await attachEmbeddedDatabase({ directory, durable: false })
  const cause = new Error('migration 3 is wrong')
  const failing = throwAwayDatabases({
    directory,
    durable: false,
    template: { name: 'a', prepare: () => Promise.reject(cause) },
  })
  await expect(failing).rejects.toMatchObject({ code: 'ERR_EMBEDDED_TEMPLATE', cause })

  const killed = programThatPreparesForever(directory)
  await once(killed, 'message')
  const exited = once(killed, 'exit')
  killed.kill('SIGKILL')
  await exited
  expect(await query(keep.url, `SELECT FROM pg_database WHERE starts_with(datname, 'template_')`)).toHaveLength(1)
  const template = {
    name: 'forever',
    prepare: (url: string) => query(url, 'CREATE TABLE b (id INT4)').then(() => undefined),
  }
  const factory = await throwAwayDatabases({ directory, durable: false, template })
  const database = await factory.create()
  await expect(query(database.url, 'SELECT FROM a')).rejects.toMatchObject({ code: '42P01' })
  expect(await query(database.url, 'SELECT FROM b')).toEqual([])
  await factory.close()
})

it('copies a template whose preparation forgot a connection', async () => {
  const directory = await temporaryDirectory()
  const forgotten: pg.Client[] = []
  const prepare = async (url: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    forgotten.push(client)
    await client.connect()
  }
  const factory = await throwAwayDatabases({ directory, durable: false, template: { name: 'forgetful', prepare } })
  await factory.create()
  expect(forgotten).toHaveLength(1)
  await factory.close()
})

it('drops the databases of programs that were killed, and no others', async () => {
  const directory = await temporaryDirectory()
  const factory = await throwAwayDatabases({ directory, durable: false })
  const mine = await factory.create()
  const leftover = mine.name.replace(/_[0-9]+-[0-9a-z]*_/, '_1-0_')
  await query(mine.url, `CREATE DATABASE "${leftover}"`)
  const other = await throwAwayDatabases({ directory, durable: false })
  expect(await query(mine.url, `SELECT datname FROM pg_database WHERE starts_with(datname, 'throwaway_')`)).toEqual([
    { datname: mine.name },
  ])
  await other.close()
  await factory.close()
})

it('gives up at the limit, with the reason of the signal', async () => {
  const directory = await temporaryDirectory()
  const reason = new Error('enough')
  const controller = new AbortController()
  const prepare = (): Promise<void> => {
    controller.abort(reason)
    return new Promise(() => undefined)
  }
  const { signal } = controller
  await expect(
    throwAwayDatabases({ directory, durable: false, template: { name: 'endless', prepare }, signal }),
  ).rejects.toBe(reason)
})

/** Until so many connections to the server wait for an advisory lock. */
async function untilOthersWait(url: string, count: number): Promise<void> {
  const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'`
  await expect.poll(() => query(url, waiting), { timeout: 10_000 }).toHaveLength(count)
}

function programThatPreparesForever(directory: string): ReturnType<typeof spawn> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--conditions=@bmdb/source', 'test/support/preparing-program.ts', directory],
    { cwd: packageDirectory, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}
