import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyDatabase, migratedDatabase } from '../setup.ts'
import { Program, programs, startProgram, type ProgramName } from './program.ts'

const everyProgram = Object.keys(programs) as ProgramName[]
/** Those that take the URL of a database. */
const withDatabase = ['gc', 'example-worker', 'db:migrate', 'db:studio'] as const satisfies readonly ProgramName[]
const password = 's3cret-pa55word'

/** Expects a program to end by itself, with one line and neither stack nor password. Returns the line. */
async function complaint(program: Program, code: 1 | 2, limitMs = 30_000): Promise<string> {
  const { code: actual } = await program.endsWithin(limitMs)
  expect({ code: actual, lines: program.stderr.split('\n').length - 1, stderr: program.stderr }).toMatchObject({
    code,
    lines: 1,
  })
  expect(program.stderr + program.stdout).not.toMatch(/^\s+at |s3cret-pa55word/m)
  return program.stderr.trimEnd()
}

/** What every program that uses a database says when it is given this URL, by the program's name. */
async function complaints(url: string, code: 1 | 2 = 1, names: readonly ProgramName[] = withDatabase) {
  const said = names.map(async (name) => {
    const line = await complaint(startProgram(name, [], { env: { BMDB_DATABASE_URL: url } }), code)
    expect(line.startsWith(`${name}: `)).toBe(true)
    return line.slice(name.length + 2)
  })
  return [...new Set(await Promise.all(said))]
}

function changed(url: string, change: (url: URL) => void): string {
  const result = new URL(url)
  change(result)
  return result.href
}

// Takes half a minute, in which the other tests run.
let unreachable: Program
let port: number
beforeAll(async () => {
  port = await closedPort()
  const env = { BMDB_DATABASE_URL: `postgresql://bmdb:${password}@127.0.0.1:${port}/bmdb` }
  unreachable = new Program('gc', [], { env })
})
afterAll(() => unreachable.kill())

describe('a database that cannot be used ends every program with one clear line', { timeout: 60_000 }, () => {
  test('something that is no URL of PostgreSQL', async () => {
    const [line, ...others] = await complaints(`mysql://bmdb:${password}@127.0.0.1/bmdb`)
    expect(others).toEqual([])
    expect(line).toMatch(/^--database-url, or BMDB_DATABASE_URL, cannot be used: databaseUrl .*postgresql:\/\//)
  })

  test('a database that is not there', async () => {
    const { url } = await emptyDatabase()
    const lines = await complaints(changed(url, (one) => (one.pathname = '/no_such_database')))
    expect(lines).toEqual([expect.stringMatching(/^there is no such database at .*\/no_such_database: /)])
  })

  test('a wrong password', async () => {
    const { url } = await emptyDatabase()
    const lines = await complaints(changed(url, (one) => (one.password = password)))
    expect(lines).toEqual([expect.stringMatching(/password/)])
  })

  test('a database without migrations, for all but the program that applies them', async () => {
    const { url } = await emptyDatabase()
    const lines = await complaints(url, 1, ['gc', 'example-worker', 'db:studio'])
    expect(lines).toEqual([expect.stringMatching(/db:migrate/)])
    const migrate = startProgram('db:migrate', [], { env: { BMDB_DATABASE_URL: url } })
    expect(await migrate.endsWithin(30_000)).toMatchObject({ code: 0 })
    expect(migrate.stderr).toBe('')
    expect(migrate.log.at(-1)).toMatchObject({ message: 'the database is up to date' })
  })

  test('none at all in production', async () => {
    const said = withDatabase.map((name) => complaint(startProgram(name, [], { env: { NODE_ENV: 'production' } }), 2))
    expect(await Promise.all(said)).toEqual(
      withDatabase.map(
        (name) => `${name}: BMDB_DATABASE_URL, or --database-url, is required under NODE_ENV=production`,
      ),
    )
  })
})

describe('every program', { timeout: 60_000 }, () => {
  test('shows its help and ends well', async () => {
    await inPairs(everyProgram, async (name) => {
      const program = startProgram(name, ['--help'])
      expect(await program.endsWithin(30_000)).toMatchObject({ code: 0 })
      expect(program.stdout).toMatch(/^Usage: |\nUsage: /)
      expect(program.stderr).toBe('')
    })
  })

  test('refuses nonsense in one line, before it does anything', async () => {
    await inPairs(everyProgram, async (name) => {
      const line = await complaint(startProgram(name, ['--nonsense', '7']), 2)
      expect(line).toMatch(/^[\w: -]+: .*--nonsense/)
    })
  })

  test('that cannot listen where it should says so', async () => {
    const { url } = await migratedDatabase()
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const listen = `127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      for (const name of ['gc', 'example-worker'] as const) {
        const program = startProgram(name, ['--listen', listen], { env: { BMDB_DATABASE_URL: url } })
        expect(await complaint(program, 1)).toMatch(new RegExp(`^${name}: cannot listen on ${listen}: .*taken`))
      }
    } finally {
      server.close()
    }
  })
})

// Last, since the others run meanwhile.
test(
  'a program ends with one line when it could not reach its database for half a minute',
  { timeout: 60_000 },
  async () => {
    expect(await complaint(unreachable, 1, 45_000)).toMatch(new RegExp(`^gc: .*127\\.0\\.0\\.1:${port}`))
    const [waiting, ...others] = unreachable.log.filter((line) => line.level === 'warn')
    expect(others).toEqual([])
    expect(waiting!.message).toBe(`the database at 127.0.0.1:${port}/bmdb cannot be reached yet, trying for 30 s`)
  },
)

/** Two at a time: as many programs as there are need not all start at once. */
async function inPairs<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await run(item)
  }
  await Promise.all([worker(), worker()])
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
