import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startWireProxy } from '@bmdb/testing'
import { expect, onTestFinished, test } from 'vitest'
import { systemTime } from '../src/time.ts'
import { collector, Program } from './program.ts'
import { counts, emptyDatabase, open, testDatabase } from './setup.ts'

test('the session of a program that was killed is swept, logged, counted; SIGTERM then ends the collector', async () => {
  const databaseUrl = await testDatabase()
  const connection = await open(databaseUrl)
  const crashing = new Program('crashing-program.ts', [], { BMDB_DATABASE_URL: databaseUrl })
  const gc = collector(databaseUrl, ['--interval-seconds=0.2'], { BMDB_LISTEN: '127.0.0.1:0' })
  await Promise.all([crashing.said('holds'), gc.said('sweeping expired sessions')])
  expect(await counts(connection)).toMatchObject({ sessions: 1, work: 1 })
  await crashing.kill('SIGKILL')
  await gc.said('swept expired sessions')
  expect(await counts(connection)).toEqual({ sessions: 0, work: 0, expired: 1 })

  const url = String(gc.lines[0]!['url'])
  const get = async (path: string) => {
    const response = await fetch(url + path)
    return { status: response.status, text: await response.text() }
  }
  expect(await get('/healthz')).toEqual({ status: 200, text: '{"alive":true}\n' })
  expect(await get('/readyz')).toEqual({ status: 200, text: '{"ready":true,"reasons":[]}\n' })
  const { text: metrics } = await get('/metrics')
  for (const metric of [
    'bmdb_swept_total{what="sessions"} 1',
    'bmdb_swept_total{what="work"} 1',
    'bmdb_sweeps_total{result="failed"} 0',
    /^bmdb_sweeps_total\{result="succeeded"\} [1-9]/m,
    /^bmdb_sweep_duration_seconds_count [1-9]/m,
    /^bmdb_last_sweep_timestamp_seconds [1-9]/m,
    /^process_cpu_seconds_total /m,
  ])
    expect(metrics).toMatch(metric)

  const { code, seconds } = await gc.kill('SIGTERM')
  expect({ code, err: gc.err }).toEqual({ code: 0, err: '' })
  expect(seconds).toBeLessThan(3)
  expect(gc.lines).toEqual([
    expect.objectContaining({ message: 'telling metrics and health' }),
    expect.objectContaining({ message: 'sweeping expired sessions' }),
    expect.objectContaining({ level: 'info', program: 'gc', message: 'swept expired sessions', sessions: 1, work: 1 }),
  ])
})

test('while the database cannot be reached it says so, is alive and not ready, and stops at once', async () => {
  const server = createServer(() => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  // It takes connections and never answers.
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const gc = collector(`postgresql://me:s3cret@${address}/db`, ['--listen=127.0.0.1:0'])
  await gc.said('trying for 30 s')
  expect(gc.lines[1]).toMatchObject({
    level: 'warn',
    message: `the database at ${address}/db cannot be reached yet, trying for 30 s`,
  })
  const url = String(gc.lines[0]!['url'])
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const ready = await fetch(`${url}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { ready: false, reasons: ['the database was not reached yet'] },
  ])
  const { code, seconds } = await gc.kill('SIGINT')
  expect({ code, err: gc.err }).toEqual({ code: 0, err: '' })
  expect(seconds).toBeLessThan(1)
})

test('with a database that stopped answering the first signal ends it in seconds, a second one at once', async () => {
  const proxy = await startWireProxy(await testDatabase())
  onTestFinished(() => proxy.close())
  const patient = collector(proxy.url, ['--interval-seconds=0.1'])
  const hasty = collector(proxy.url, ['--interval-seconds=0.1'])
  await Promise.all([patient.said('sweeping expired sessions'), hasty.said('sweeping expired sessions')])
  proxy.silence()
  // Long enough for both to be in the middle of a sweep.
  await systemTime.sleep(1_000, new AbortController().signal)
  const first = patient.kill('SIGTERM')
  hasty.child.kill('SIGINT')
  await systemTime.sleep(300, new AbortController().signal)
  const second = await hasty.kill('SIGTERM')
  expect(second.code).toBe(143)
  expect(second.seconds).toBeLessThan(0.5)
  const { code, seconds } = await first
  expect({ code, err: patient.err }).toEqual({ code: 0, err: '' })
  expect(seconds).toBeLessThan(4)
})

test('without a URL it uses the embedded database, and says so in one line', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bmdb-gc-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }))
  const gc = collector(undefined, ['--log-level=info'], {}, directory)
  await gc.said('sweeping expired sessions')
  expect(gc.lines.filter(({ message }) => String(message).startsWith('no BMDB_DATABASE_URL'))).toHaveLength(1)
  const { code, seconds } = await gc.kill('SIGINT')
  expect({ code, err: gc.err }).toEqual({ code: 0, err: '' })
  expect(seconds).toBeLessThan(3)
})

test('--help tells everything and does nothing', async () => {
  const gc = collector('not a URL', ['--help'])
  expect(await gc.ended()).toBe(0)
  expect(gc.err).toBe('')
  for (const name of ['interval-seconds', 'limit', 'grace-seconds', 'database-url', 'listen', 'log-level', 'help'])
    expect(gc.out).toContain(`--${name}`)
})

test('what is typed wrongly is one line and exit code 2', async () => {
  await expectOneLineEach(2, [
    [collector(undefined, ['--intervall=5']), 'unknown flag "--intervall": see --help'],
    [
      collector(undefined, ['--interval-seconds=often']),
      '--interval-seconds is "often", it must be a number of seconds',
    ],
    [collector(undefined, [], { NODE_ENV: 'production' }), 'is required under NODE_ENV=production'],
  ])
})

test('a bad URL, a wrong password, a missing database, a missing schema and a taken port are one line and exit code 1', async () => {
  const migrated = await testDatabase()
  const change = (part: 'password' | 'pathname', value: string) => Object.assign(new URL(migrated), { [part]: value })
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  await expectOneLineEach(1, [
    [collector('mysql://me:s3cret@h/db'), 'cannot be used: databaseUrl begins with mysql'],
    [collector(change('password', 's3cret').href), 'refused the user name or password'],
    [collector(change('pathname', '/no_such_database').href), 'there is no such database at 127.0.0.1:'],
    [collector(await emptyDatabase()), 'migrations'],
    [collector(migrated, [`--listen=127.0.0.1:${port}`]), `cannot listen on 127.0.0.1:${port}: the port is taken`],
  ])
})

async function expectOneLineEach(code: number, expected: readonly (readonly [Program, string])[]): Promise<void> {
  for (const [gc, line] of expected) {
    expect(await gc.ended()).toBe(code)
    expect(gc.err).toMatch(/^gc: [^\n]+\n$/)
    expect(gc.err).toContain(line)
    expect(gc.err).not.toContain('s3cret')
    expect(gc.out).toBe('')
  }
}
