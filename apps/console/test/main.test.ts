import { once } from 'node:events'
import { get as httpGet } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startWireProxy } from '@bmdb/testing'
import { startedConsole } from './program.ts'
import { send } from './send.ts'
import { annsToken, testDatabase, writeTokens } from './setup.ts'

test('it serves API and health; SIGTERM ends streams of events and the console, with 0', async () => {
  const { url: databaseUrl } = await testDatabase()
  const console = startedConsole(databaseUrl, ['--listen=127.0.0.1:0', '--log-level=debug'])
  await console.said('serving the console')
  const url = String(console.lines.find(({ message }) => message === 'listening')!['url'])
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ alive: true })
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ ready: true, reasons: [] })
  expect(await (await fetch(`${url}/api/v1/me`)).json()).toMatchObject({ role: 'viewer' })
  const metrics = await (await fetch(`${url}/metrics`)).text()
  for (const part of ['bmdb_console_requests_total{', 'process_cpu_seconds_total', 'bmdb_build_info{'])
    expect(metrics).toContain(part)

  const stream = httpGet(`${url}/api/v1/events`)
  const [response] = (await once(stream, 'response')) as [NodeJS.ReadableStream]
  await once(response, 'data')
  const ended = once(response, 'end')
  const { code, seconds } = await console.kill('SIGTERM')
  response.resume()
  await ended
  expect({ code, err: console.err }).toEqual({ code: 0, err: '' })
  expect(seconds).toBeLessThan(3)
  expect(console.out).not.toContain(new URL(databaseUrl).href)
})

test('before it reached its database it is alive, not ready, says so on every page, and stops at once', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const console = startedConsole(`postgresql://me:s3cret@${address}/db`, ['--listen=127.0.0.1:0', '--log-level=debug'])
  await console.said('listening')
  const url = String(console.lines.find(({ message }) => message === 'listening')!['url'])
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const ready = await fetch(`${url}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { ready: false, reasons: ['the database was not reached yet'] },
  ])
  const page = await send(`${url}/machines`, 'GET', { Accept: 'text/html' })
  expect([page.status, page.text]).toEqual([503, expect.stringContaining('has not reached its database yet')])
  expect((await send(`${url}/api/v1/me`, 'GET')).json()).toMatchObject({
    status: 503,
    code: 'ERR_DATABASE_UNAVAILABLE',
  })
  const { code, seconds } = await console.kill('SIGINT')
  expect({ code, err: console.err }).toEqual({ code: 0, err: '' })
  expect(seconds).toBeLessThan(1)
  expect(console.out).not.toContain('s3cret')
})

test('with a database that stopped answering it is not ready, and a signal ends it in seconds', async () => {
  const proxy = await startWireProxy((await testDatabase()).url)
  onTestFinished(() => proxy.close())
  const console = startedConsole(proxy.url, ['--listen=127.0.0.1:0'])
  await console.said('serving the console')
  const url = String(console.lines.find(({ message }) => message === 'listening')!['url'])
  proxy.silence()
  const ready = await fetch(`${url}/readyz`)
  expect(ready.status).toBe(503)
  expect(((await ready.json()) as { reasons: string[] }).reasons).toEqual(['the database does not answer'])
  // It is in the middle of a request, too.
  const asking = fetch(`${url}/api/v1/machines`).catch(() => {})
  const { code, seconds } = await console.kill('SIGTERM')
  await asking
  expect({ code, err: console.err }).toEqual({ code: 0, err: '' })
  expect(seconds).toBeLessThan(7)
})

test('what is typed wrongly is one line and exit code 2, a taken port exit code 1; no token is told', async () => {
  const path = await writeTokens(`ann operator ${annsToken.slice(0, 20)}\n`)
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const taken = `127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const [console, code, line] of [
    [startedConsole(undefined, ['--listen=0.0.0.0:0']), 2, '--auth none would let everybody in'],
    [startedConsole(undefined, ['--auth=token', `--tokens-file=${path}`]), 2, 'has a token of 20 characters'],
    [startedConsole(undefined, ['--listen=127.0.0.1:0'], { NODE_ENV: 'production' }), 2, 'is required under NODE_ENV'],
    [
      startedConsole('postgresql://me:s3cret@h/db', [`--listen=${taken}`]),
      1,
      `cannot listen on ${taken}: the port is taken`,
    ],
  ] as const) {
    expect(await console.ended()).toBe(code)
    expect(console.err).toMatch(/^console: [^\n]+\n$/)
    expect(console.err).toContain(line)
    expect(console.err + console.out).not.toMatch(/s3cret|0123456789/)
  }
  const help = startedConsole('not a URL', ['--help'])
  expect(await help.ended()).toBe(0)
  for (const flag of [
    'listen',
    'auth',
    'role',
    'operator',
    'tokens-file',
    'identity-header',
    'operators',
    'trusted-proxies',
  ])
    expect(help.out).toContain(`--${flag} `)
})
