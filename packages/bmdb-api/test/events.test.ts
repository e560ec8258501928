import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { startWireProxy } from '@bmdb/testing'
import type { FastifyInstance } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Pulses } from '../src/events/pulses.ts'
import type { Pulse } from '../src/index.ts'
import { api, eventually, open, post, problem, serve, testDatabase } from './setup.ts'

/** Listens to events until the test is over. */
async function listen(app: FastifyInstance) {
  if (app.addresses().length === 0) await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  // Not `fetch`: it opens another connection in place of one that was given up, and keeps it without asking for anything.
  const request = get({ host: '127.0.0.1', port, path: '/api/v1/events', agent: false }).on('error', () => {})
  onTestFinished(() => void request.destroy())
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const pulses: Pulse[] = []
  let text = ''
  response.setEncoding('utf8').on('data', (part: string) => {
    text += part
    const whole = text.split('\n\n').filter((event, index, all) => index < all.length - 1 && event.includes('data:'))
    for (const event of whole.slice(pulses.length)) pulses.push(JSON.parse(/^data: (.*)$/m.exec(event)![1]!) as Pulse)
  })
  response.on('error', () => {})
  const ended = new Promise((resolve) => response.once('close', resolve))
  const until = (what: string, look: (pulse: Pulse) => boolean) =>
    eventually(`${what}; so far ${JSON.stringify(pulses)}`, () => pulses.find(look))
  return { headers: response.headers, pulses, until, ended, close: () => request.destroy(), text: () => text }
}

describe('the stream of events', () => {
  test('has a pulse every second, with the database’s time', async () => {
    const { app } = await api(0)
    const { headers, pulses, text } = await listen(app)
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    await eventually('three pulses', () => pulses.length === 3)
    const times = pulses.map(({ now }) => Date.parse(now!))
    expect(times[1]! - times[0]!).toBeGreaterThan(800)
    expect(new Set(pulses.map(({ version }) => version)).size).toBe(1)
    expect(text()).toMatch(
      /^retry: 2000\n\nid: 1\nevent: pulse\ndata: \{"reachable":true,"now":"[^"]+","version":"[^"]+"\}\n\n/,
    )
  })

  test('tells that something happened', async () => {
    const { app } = await api(0)
    const { until } = await listen(app)
    const { version } = await until('a first pulse', () => true)
    await post(app, 'machines/add', { reason: 'x' })
    await until('another version', (pulse) => pulse.version !== version)
  })

  test('tells when what all share was made anew after an act', async () => {
    const { app, read } = await api(0)
    await read('overview')
    const { until, pulses } = await listen(app)
    await until('a first pulse', () => true)
    await post(app, 'machines/add', { reason: 'x' })
    await eventually('it was made anew', () => Number(pulses.at(-1)?.version.split('.')[1]) > 0)
  })

  test('goes on while the database is away, says so, and says when it is back', async () => {
    const proxy = await startWireProxy((await testDatabase()).url)
    onTestFinished(() => proxy.close())
    const app = await serve(await open(proxy.url))
    const { until, pulses } = await listen(app)
    const { version } = await until('a first pulse', ({ reachable }) => reachable)
    proxy.silence()
    expect(await until('the database is away', ({ reachable }) => !reachable)).toEqual({
      reachable: false,
      now: null,
      version,
    })
    const away = pulses.length
    proxy.heal()
    await eventually('it is back', () => pulses.slice(away).find(({ reachable }) => reachable))
  })

  test('asks the database once for all, and not at all while nobody listens', async () => {
    const proxy = await startWireProxy((await testDatabase()).url)
    onTestFinished(() => proxy.close())
    let asked = 0
    const isPulse = ({ text }: { text: string }): boolean => {
      if (text.includes('session_history')) asked += 1
      return false
    }
    // Nothing goes wrong: it is only looked at what passes.
    proxy.every(isPulse, { do: 'delay', ms: 1, when: 'before' })
    const counts: number[] = []
    const app = await serve(await open(proxy.url), undefined, { onEventStreams: (many) => counts.push(many) })
    const all = [await listen(app), await listen(app), await listen(app)] as const
    await eventually('three pulses', () => all.every(({ pulses }) => pulses.length >= 3))
    // Maybe one more that just began, and what needs attention is dated too.
    expect(asked - all[0].pulses.length).toBeGreaterThanOrEqual(0)
    expect(asked - all[0].pulses.length).toBeLessThanOrEqual(3)
    for (const one of all) one.close()
    await eventually('all are gone', () => counts.at(-1) === 0)
    const before = asked
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect(asked).toBe(before)
  })

  test('ends when the server closes', async () => {
    const { app } = await api(0)
    const { until, ended } = await listen(app)
    await until('a first pulse', () => true)
    const beganMs = performance.now()
    await app.close()
    await ended
    expect(performance.now() - beganMs).toBeLessThan(1_000)
  })
})

describe('pulses', () => {
  /** A server that adds everybody to the pulses. */
  async function server(pulses: Pulses): Promise<number> {
    const answering = createServer((request, response) => {
      const name = String(request.url)
      try {
        pulses.assertRoom(name)
      } catch {
        response.writeHead(503).end()
        return
      }
      pulses.add(response.writeHead(200), name)
    })
    onTestFinished(() => {
      pulses.close()
      answering.close()
      answering.closeAllConnections()
    })
    await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve))
    return (answering.address() as AddressInfo).port
  }

  test('drop whoever does not read, and nobody else', async () => {
    const counts: number[] = []
    const pulses = new Pulses({
      ask: async () => ({ now: new Date(), version: 'x'.repeat(200_000) }),
      everyMs: 1,
      mostUnreadBytes: 100_000,
      onStreams: (many) => counts.push(many),
    })
    const port = await server(pulses)
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    const reader = connect(port, '127.0.0.1').on('data', () => {})
    const idle = connect(port, '127.0.0.1').pause()
    onTestFinished(() => {
      reader.destroy()
      idle.destroy()
    })
    reader.write(request)
    idle.write(request)
    await eventually('both listen', () => counts.includes(2))
    await eventually('one is left', () => counts.at(-1) === 1)
    expect(reader.destroyed).toBe(false)
  })

  test('are for so many at a time', async () => {
    const pulses = new Pulses({ ask: async () => ({ now: new Date(), version: '' }), mostClients: 1 })
    const port = await server(pulses)
    const gone = new AbortController()
    const first = await fetch(`http://127.0.0.1:${port}`, { signal: gone.signal })
    expect(first.status).toBe(200)
    expect((await fetch(`http://127.0.0.1:${port}`)).status).toBe(503)
    gone.abort()
    await eventually('there is room', async () => {
      const next = await fetch(`http://127.0.0.1:${port}`)
      await next.body?.cancel()
      return next.status === 200
    })
  })

  test('end the oldest stream of whoever has too many, and nobody else’s', async () => {
    const pulses = new Pulses({ ask: async () => ({ now: new Date(), version: '1' }), everyMs: 20, mostOfOne: 2 })
    const port = await server(pulses)
    const open = async (name: string): Promise<ReadableStreamDefaultReader<Uint8Array>> =>
      (await fetch(`http://127.0.0.1:${port}/${name}`)).body!.getReader()
    const other = await open('bob')
    const first = await open('ann')
    await open('ann')
    await open('ann')
    for (;;) if ((await first.read()).done) break
    expect((await other.read()).done).toBe(false)
  })

  test('come from nobody who was closed', () => {
    const pulses = new Pulses({ ask: () => Promise.reject(new Error('not to be asked')) })
    pulses.close()
    pulses.close()
    expect(() => pulses.assertRoom('ann')).toThrow('stopping')
  })
})

test('a viewer may listen, and nobody who is not known', async () => {
  const { app } = await api(0, null)
  expect(problem(await app.inject('/api/v1/events')).status).toBe(401)
})
