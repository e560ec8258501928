import { createLogger } from 'winston'
import { expect, test } from 'vitest'
import { openProgramDatabase, programDatabase, UsageError } from '../src/index.ts'
import { emptyDirectory } from './setup.ts'

test('a URL is used as it is, in production too', async () => {
  const lines: string[] = []
  const database = await programDatabase({
    databaseUrl: 'postgresql://x/y',
    production: true,
    directory: '/nowhere',
    onLine: (line) => lines.push(line),
  })
  expect(database).toMatchObject({ url: 'postgresql://x/y', embedded: false })
  expect(lines).toEqual([])
  await database.close()
})

test('production asks for a URL', async () => {
  const asked = programDatabase({ production: true, directory: '/nowhere', onLine: () => {} })
  await expect(asked).rejects.toThrow(
    new UsageError('BMDB_DATABASE_URL, or --database-url, is required under NODE_ENV=production'),
  )
})

test('without a URL the embedded database is started, migrated, shared and said in one line', async () => {
  const directory = `${await emptyDirectory()}/.bmdb`
  const lines: string[] = []
  const log = createLogger({ silent: true })
  log.info = ((line: string) => lines.push(line)) as unknown as typeof log.info
  const open = () =>
    openProgramDatabase({
      name: 'painter',
      settings: { databaseUrl: undefined, production: false },
      directory,
      log,
      signal: new AbortController().signal,
    })
  const first = await open()
  const second = await open()
  const spoken = lines.filter((line) => line !== 'applied a migration')
  expect(spoken).toEqual([
    expect.stringMatching(
      /^no BMDB_DATABASE_URL: using the embedded database at 127\.0\.0\.1:\d+\/bmdb \(started it; /,
    ),
    expect.stringMatching(
      /^no BMDB_DATABASE_URL: using the embedded database at 127\.0\.0\.1:\d+\/bmdb \(it was running; /,
    ),
  ])
  expect(lines.join()).not.toContain(decodeURIComponent(new URL(first.url).password))
  expect(await first.connection.prisma.machine.count()).toBe(0)
  await first.close()
  await first.close()
  expect(await second.connection.sweep()).toEqual({ sessions: 0, work: 0 })
  await second.close()
  await expect(
    programDatabase({ production: false, directory, onLine: () => {}, signal: AbortSignal.abort(new Error('no')) }),
  ).rejects.toThrow('no')
})
