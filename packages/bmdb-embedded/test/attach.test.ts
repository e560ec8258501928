import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { attachEmbeddedDatabase, stopEmbeddedDatabase } from '../src/index.ts'
import { startProgram } from './support/programs.ts'
import { answers, query } from './support/query.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

describe('attaching', () => {
  it('gives ten programs that ask at once the same server, started by one of them and stopped by the last', async () => {
    const directory = await temporaryDirectory()
    const programs = await Promise.all(Array.from({ length: 10 }, () => startProgram(directory)))
    expect(programs.map(({ error }) => error)).toEqual(programs.map(() => undefined))
    expect(new Set(programs.map(({ url }) => url)).size).toBe(1)
    expect(programs.filter(({ started }) => started)).toHaveLength(1)
    const url = programs[0]?.url ?? ''
    const [last, ...others] = programs
    await Promise.all(others.map((program) => program.close()))
    expect(await answers(url)).toBe(true)
    await last?.close()
    expect(await answers(url)).toBe(false)
    expect(await readdir(join(directory, 'attached'))).toEqual([])
  })

  it('counts a program that attaches twice as two, and closing twice as one', async () => {
    const directory = await temporaryDirectory()
    const first = await attachEmbeddedDatabase({ directory, durable: false })
    const second = await attachEmbeddedDatabase({ directory, durable: false })
    expect([first.started, second.started]).toEqual([true, false])
    await first.close()
    await first.close()
    expect(await answers(second.url)).toBe(true)
    await second[Symbol.asyncDispose]()
    expect(await answers(second.url)).toBe(false)
  })

  it('keeps the port, the password and the data over a stop', async () => {
    const directory = await temporaryDirectory()
    const first = await attachEmbeddedDatabase({ directory })
    await query(first.url, 'CREATE TABLE kept (id INT4)')
    await first.close()
    const second = await attachEmbeddedDatabase({ directory })
    expect(second.url).toBe(first.url)
    expect(await query(second.url, 'SELECT * FROM kept')).toEqual([])
    await second.close()
  })

  it('works in a directory with spaces, and says what it does', async () => {
    const directory = await temporaryDirectory(join('a work space', '.bmdb'))
    const lines: string[] = []
    const database = await attachEmbeddedDatabase({ directory, durable: false, onProgress: (line) => lines.push(line) })
    expect(lines).toEqual([
      `creating the database under ${join(directory, 'data')}`,
      `starting PostgreSQL 18.4 on 127.0.0.1:${database.port}`,
    ])
    await database.close()
  })

  it('makes the database that is asked for', async () => {
    const directory = await temporaryDirectory()
    const database = await attachEmbeddedDatabase({ directory, durable: false, database: 'an "odd" näme' })
    expect(await query(database.url, 'SELECT current_database() AS name')).toEqual([{ name: 'an "odd" näme' }])
    await database.close()
  })

  it('stops the server for whoever asks, and detaching afterwards is harmless', async () => {
    const directory = await temporaryDirectory()
    const database = await attachEmbeddedDatabase({ directory, durable: false })
    expect(await stopEmbeddedDatabase({ directory })).toBe(true)
    expect(await stopEmbeddedDatabase({ directory })).toBe(false)
    expect(await answers(database.url)).toBe(false)
    await database.close()
  })
})

describe('the server', () => {
  it('keeps its promises to the disk, by default, and speaks UTF-8, UTC and the order of code points', async () => {
    const directory = await temporaryDirectory()
    await using database = await attachEmbeddedDatabase({ directory })
    const rows = await query(
      database.url,
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
              current_setting('full_page_writes') AS full_page_writes, current_setting('timezone') AS timezone,
              current_setting('server_encoding') AS encoding, current_setting('max_connections') AS max_connections,
              'Z' < 'a' AND 'z' < 'ä' AS code_points, lower('Ä') AS lower`,
    )
    expect(rows).toEqual([
      {
        fsync: 'on',
        synchronous_commit: 'on',
        full_page_writes: 'on',
        timezone: 'UTC',
        encoding: 'UTF8',
        max_connections: '200',
        code_points: true,
        lower: 'ä',
      },
    ])
  })

  it('listens on the loopback interface alone, and wants the password', async () => {
    const directory = await temporaryDirectory()
    await using database = await attachEmbeddedDatabase({ directory, durable: false })
    const settings = `SELECT current_setting('listen_addresses') AS addresses,
                             current_setting('unix_socket_directories') AS sockets`
    expect(await query(database.url, settings)).toEqual([{ addresses: '127.0.0.1', sockets: '' }])
    const password = new URL(database.url).password
    expect((await readFile(join(directory, 'password'), 'utf8')).trim()).toBe(password)
    expect((await stat(join(directory, 'password'))).mode & 0o777).toBe(0o600)
    const wrong = new pg.Client({ connectionString: database.url.replace(password, 'guessed') })
    await expect(wrong.connect()).rejects.toMatchObject({ code: '28P01' })
  })

  it('says no to a program that needs durability when it runs without', async () => {
    const directory = await temporaryDirectory()
    await using database = await attachEmbeddedDatabase({ directory, durable: false })
    await expect(attachEmbeddedDatabase({ directory })).rejects.toMatchObject({ code: 'ERR_EMBEDDED_DURABILITY' })
    expect(await answers(database.url)).toBe(true)
    expect(await readdir(join(directory, 'attached'))).toHaveLength(1)
  })
})
