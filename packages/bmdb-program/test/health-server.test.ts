import { createServer } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'
import { Counter, Registry } from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { answerHealth, listen, startHealthServer, StartupError } from '../src/index.ts'

async function setup(notReady: () => string[] | Promise<string[]> = () => []) {
  const registry = new Registry()
  new Counter({ name: 'painted_total', help: 'x', registers: [registry] }).inc(3)
  const server = await startHealthServer({ listen: { host: '127.0.0.1', port: 0 }, registry, notReady })
  onTestFinished(() => server.close())
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(server.url + path, { method })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  return { server, get }
}

test('/metrics tells the registry', async () => {
  const { get } = await setup()
  const { status, headers, text } = await get('/metrics')
  expect(status).toBe(200)
  expect(headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect(text).toContain('painted_total 3')
})

test('/healthz is there while the program runs, ready or not', async () => {
  const { get } = await setup(() => ['no paint'])
  expect(await get('/healthz')).toMatchObject({ status: 200, text: '{"alive":true}\n' })
})

test('/readyz says why the program is not ready', async () => {
  let reasons = ['no paint', 'no brush']
  const { get } = await setup(() => reasons)
  expect(await get('/readyz')).toMatchObject({
    status: 503,
    text: '{"ready":false,"reasons":["no paint","no brush"]}\n',
  })
  reasons = []
  expect(await get('/readyz?verbose')).toMatchObject({ status: 200, text: '{"ready":true,"reasons":[]}\n' })
})

test('what fails inside is a 500 without details', async () => {
  const { get } = await setup(() => Promise.reject(new Error('s3cret')))
  const answer = await get('/readyz')
  expect(answer.status).toBe(500)
  expect(answer.text).not.toContain('s3cret')
})

test('other paths are 404, other methods 405', async () => {
  const { get } = await setup()
  expect((await get('/')).status).toBe(404)
  expect((await get('/metrics/x')).status).toBe(404)
  const refused = await get('/metrics', 'POST')
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  expect(await get('/metrics', 'HEAD')).toMatchObject({ status: 200, text: '' })
})

test('it closes at once though a client keeps its connection', async () => {
  const { server, get } = await setup()
  await get('/healthz')
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write('GET /healthz HTTP/1.1\r\n')
  const start = performance.now()
  await Promise.all([server.close(), server.close()])
  expect(performance.now() - start).toBeLessThan(500)
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')
})

test('a port that is taken, and an address that is not there, are one clear line', async () => {
  const { server } = await setup()
  const port = Number(new URL(server.url).port)
  const start = (host: string) =>
    startHealthServer({ listen: { host, port }, registry: new Registry(), notReady: () => [] })
  await expect(start('127.0.0.1')).rejects.toThrow(
    new StartupError(
      `cannot listen on 127.0.0.1:${port}: the port is taken; choose another one with --listen or BMDB_LISTEN`,
    ),
  )
  await expect(start('192.0.2.1')).rejects.toThrow(
    `cannot listen on 192.0.2.1:${port}: this machine has no such address; correct --listen or BMDB_LISTEN`,
  )
})

test('a program with a server of its own mounts it, and answers the other paths itself', async () => {
  const options = { registry: new Registry(), notReady: () => ['no paint'] }
  const server = createServer((request, response) => {
    if (!answerHealth(options, request, response)) response.end('painting')
  })
  const url = await listen(server, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => void server.close())
  const get = async (path: string) => {
    const response = await fetch(url + path)
    return [response.status, await response.text()]
  }
  expect(await get('/healthz')).toEqual([200, '{"alive":true}\n'])
  expect(await get('/readyz')).toEqual([503, '{"ready":false,"reasons":["no paint"]}\n'])
  expect(await get('/healthz/walls')).toEqual([200, 'painting'])
  await expect(listen(createServer(), { host: '127.0.0.1', port: Number(new URL(url).port) })).rejects.toThrow(
    'the port is taken',
  )
})

test('a connection that cannot be accepted does not end the program', async () => {
  const server = createServer((_request, response) => response.end('here'))
  const url = await listen(server, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => void server.close())
  // As Node tells it where there are no files left to open.
  for (let times = 0; times < 2; times++) server.emit('error', Object.assign(new Error('accept'), { code: 'EMFILE' }))
  expect(await (await fetch(url)).text()).toBe('here')
})
