import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { attachEmbeddedDatabase } from '../src/index.ts'
import { ownProgram } from '../src/program.ts'
import { startProgram } from './support/programs.ts'
import { answers, query } from './support/query.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

describe('a program that dies', () => {
  it('leaves the server running when it is killed, though it started it', async () => {
    const directory = await temporaryDirectory()
    const program = await startProgram(directory)
    await program.kill('SIGKILL')
    expect(await answers(program.url)).toBe(true)
    const database = await attachEmbeddedDatabase({ directory, durable: false })
    expect(database).toMatchObject({ url: program.url, started: false })
    await database.close()
    expect(await answers(program.url)).toBe(false)
  })

  it('is no longer counted', async () => {
    const directory = await temporaryDirectory()
    const database = await attachEmbeddedDatabase({ directory, durable: false })
    const program = await startProgram(directory)
    await program.kill('SIGKILL')
    expect(await readdir(join(directory, 'attached'))).toHaveLength(2)
    await database.close()
    expect(await answers(database.url)).toBe(false)
    expect(await readdir(join(directory, 'attached'))).toEqual([])
  })

  it('is told apart from a later one under the same pid', async () => {
    const directory = await temporaryDirectory()
    const database = await attachEmbeddedDatabase({ directory, durable: false })
    await writeFile(join(directory, 'attached', `${process.pid}-1.abc`), '')
    await database.close()
    expect(await answers(database.url)).toBe(process.platform === 'win32')
  })

  it.skipIf(process.platform === 'win32')('does not take the server along at Ctrl-C', async () => {
    const directory = await temporaryDirectory()
    const program = await startProgram(directory, { detached: true })
    const ended = once(program.child, 'exit')
    // To the whole group, as a terminal does it.
    process.kill(-(program.child.pid ?? 0), 'SIGINT')
    await ended
    expect(await answers(program.url)).toBe(true)
  })

  it('does not leave its lock in the way, even if that names the pid of a program that runs', async () => {
    const directory = await temporaryDirectory()
    await mkdir(directory)
    const { pid } = await ownProgram()
    await writeFile(join(directory, 'lock'), `${pid}-1 0123456789abcdef\n`)
    await writeFile(join(directory, 'lock.break'), `${pid}-2 0123456789abcdef\n`)
    const database = await attachEmbeddedDatabase({ directory, durable: false })
    await database.close()
    expect(await readdir(directory)).not.toContain('lock')
  })

  it('leaves half a database behind, which is removed', async () => {
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'data.new-0123', 'data', 'base'), { recursive: true })
    const database = await attachEmbeddedDatabase({ directory, durable: false })
    await database.close()
    expect(await readdir(directory)).toEqual(
      expect.arrayContaining(['attached', 'data', 'password', 'port', 'postgres.log']),
    )
    expect(await readdir(directory)).toHaveLength(5)
  })
})

describe('a server that dies', () => {
  it('is started again by the next program, with what was committed', async () => {
    const directory = await temporaryDirectory()
    const first = await attachEmbeddedDatabase({ directory })
    await query(first.url, 'CREATE TABLE kept (id INT4); INSERT INTO kept VALUES (7)')
    process.kill(await serverPid(directory), 'SIGKILL')
    const second = await attachEmbeddedDatabase({ directory })
    expect(second).toMatchObject({ started: true, url: first.url })
    expect(await query(second.url, 'SELECT id FROM kept')).toEqual([{ id: 7 }])
    await first.close()
    expect(await answers(second.url)).toBe(true)
    await second.close()
  })

  it('may leave the pid of an unrelated program, which is not taken for it and not harmed', async () => {
    const directory = await temporaryDirectory()
    const first = await attachEmbeddedDatabase({ directory, durable: false })
    await first.close()
    // Of the server's own user: PostgreSQL itself takes any such program for a server.
    const { uid, gid } = await stat(join(directory, 'data'))
    const bystander = spawn('sleep', ['1000'], { stdio: 'ignore', uid, gid })
    onTestFinished(() => void bystander.kill('SIGKILL'))
    await once(bystander, 'spawn')
    const pidFile = join(directory, 'data', 'postmaster.pid')
    const start = Math.round(Date.now() / 1000)
    await writeFile(
      pidFile,
      `${bystander.pid}\n${join(directory, 'data')}\n${start}\n${first.port}\n\n127.0.0.1\n\nready   \n`,
    )
    const second = await attachEmbeddedDatabase({ directory, durable: false })
    expect(await answers(second.url)).toBe(true)
    await second.close()
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull()
  })
})

describe('a directory that is deleted under a running server', () => {
  it('is made anew for the next program, and the old handles do no harm to it', async () => {
    const directory = await temporaryDirectory()
    const old = await attachEmbeddedDatabase({ directory, durable: false })
    const other = await attachEmbeddedDatabase({ directory, durable: false })
    const oldPid = await serverPid(directory)
    onTestFinished(() => void process.kill(oldPid, 'SIGQUIT'))
    await rm(directory, { recursive: true, maxRetries: 5 })
    await other.close()
    const anew = await attachEmbeddedDatabase({ directory, durable: false })
    expect(anew.started).toBe(true)
    expect(anew.url).not.toBe(old.url)
    await old.close()
    expect(await answers(anew.url)).toBe(true)
    await anew.close()
  })
})

describe('a port that somebody else took', () => {
  it('is replaced by a free one', async () => {
    const directory = await temporaryDirectory()
    const first = await attachEmbeddedDatabase({ directory, durable: false })
    await first.close()
    const other = createServer().listen(first.port, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const second = await attachEmbeddedDatabase({ directory, durable: false })
    expect(second.port).not.toBe(first.port)
    expect(await answers(second.url)).toBe(true)
    await second.close()
    const wished = attachEmbeddedDatabase({ directory, durable: false, port: first.port })
    await expect(wished).rejects.toMatchObject({ code: 'ERR_EMBEDDED_PORT' })
  })
})

async function serverPid(directory: string): Promise<number> {
  const location = await readFile(join(directory, 'location'), 'utf8').catch(() => join(directory, 'data'))
  await access(location.trim())
  return Number((await readFile(join(location.trim(), 'postmaster.pid'), 'utf8')).split('\n')[0])
}
