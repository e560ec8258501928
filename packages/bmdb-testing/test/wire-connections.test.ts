import { once } from 'node:events'
import { connect as dial, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startWireProxy, type WireProxy } from '../src/index.ts'
import { activity, behindProxy, eventually, isPending, outcomes } from './support/databases.ts'

const sleeping = 'SELECT pg_sleep(0.5); INSERT INTO rows VALUES (1)'

/** What was sent and not read yet makes the system reset a connection that is closed. */
const broken = expect.stringMatching(/^(broken|ECONNRESET)$/) as string

/** A socket to the proxy that says nothing. */
async function mute(proxy: WireProxy, allowHalfOpen = false): Promise<Socket> {
  const socket = dial({ host: '127.0.0.1', port: Number(new URL(proxy.url).port), allowHalfOpen })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  await eventually('the proxy has it', async () => proxy.counts.connections > 0)
  return socket
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('close', () => resolve()))
}

describe('all connections', () => {
  it.each(['close', 'reset'] as const)('break when they are cut (%s), and new ones are let through', async (how) => {
    const { proxy, connect, database } = await behindProxy()
    const [client, other] = [await connect(), await connect()]
    const asked = Promise.all([outcomes(client, 'SELECT pg_sleep(9)'), outcomes(other, 'SELECT pg_sleep(9)')])
    await eventually('both run', async () => (await activity(database)).every(({ wait }) => wait === 'PgSleep'))
    proxy.cut(how)
    const code = how === 'reset' ? 'ECONNRESET' : 'broken'
    expect(await asked).toEqual([[code], [code]])
    expect(await outcomes(await connect(), 'SELECT 1')).toEqual(['SELECT'])
  })

  it('end for the client alone when they are forsaken: the server goes on, and keeps its side', async () => {
    const { proxy, connect, rows, database } = await behindProxy()
    const client = await connect()
    const asked = client.query(sleeping).catch(() => 'broken')
    await eventually('it runs', async () => (await activity(database))[0]?.wait === 'PgSleep')
    proxy.forsake()
    expect(await asked).toBe('broken')
    await eventually('it is done', async () => (await rows()).length === 1)
    await eventually('it waits', async () => (await activity(database))[0]?.state === 'idle')
    expect(await outcomes(await connect(), 'SELECT 1')).toEqual(['SELECT'])
    expect(await activity(database)).toHaveLength(2)
    proxy.cut()
    await eventually('the server has seen it', async () => (await activity(database)).length === 0)
  })

  it('stand when they are frozen, while new ones pass, and go on where they were', async () => {
    const { proxy, connect, rows } = await behindProxy()
    const client = await connect()
    proxy.freeze()
    const asked = outcomes(client, 'INSERT INTO rows VALUES (1)', 'SELECT 1')
    expect(await outcomes(await connect(), 'SELECT 1')).toEqual(['SELECT'])
    expect(await isPending(asked)).toBe(true)
    expect(await rows()).toEqual([])
    proxy.restore()
    expect(await asked).toEqual(['INSERT', 'SELECT'])
  })

  it('are silent, new ones too, until all is restored', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    proxy.silence()
    const asked = outcomes(client, 'SELECT 1')
    const late = connect().then((one) => outcomes(one, 'SELECT 1'))
    expect(await isPending(Promise.race([asked, late]))).toBe(true)
    proxy.restore()
    expect(await Promise.all([asked, late])).toEqual([['SELECT'], ['SELECT']])
  })

  it('do not even show that a client went away while they are frozen', async () => {
    const { proxy, connect, database } = await behindProxy()
    const client = await connect()
    proxy.freeze()
    const ended = client.end()
    const stays = activity(database)
    expect(await isPending(ended)).toBe(true)
    expect(await stays).toHaveLength(1)
    expect(await activity(database)).toHaveLength(1)
    proxy.restore()
    await ended
    await eventually('the server has seen it', async () => (await activity(database)).length === 0)
  })

  it('are broken and let through again when they are healed', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    proxy.silence()
    const asked = outcomes(client, 'SELECT 1')
    proxy.heal()
    expect(await asked).toEqual([broken])
    expect(await outcomes(await connect(), 'SELECT 1')).toEqual(['SELECT'])
  })

  it('take longer each way when they are delayed, until that ends', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    const tookMs = async (): Promise<number> => {
      const startMs = performance.now()
      await client.query('SELECT 1')
      return performance.now() - startMs
    }
    proxy.delay(200)
    expect(await tookMs()).toBeGreaterThanOrEqual(399)
    proxy.delay(0)
    await eventually('it takes no longer', async () => (await tookMs()) < 399)
  })
})

describe('a proxy that is closed', () => {
  it.each([
    ['ones that stand', () => {}],
    ['frozen ones', (proxy: WireProxy) => proxy.freeze()],
    ['silent ones', (proxy: WireProxy) => proxy.silence()],
    ['forsaken ones', (proxy: WireProxy) => proxy.forsake()],
    ['delayed ones', (proxy: WireProxy) => proxy.delay(60_000)],
  ])('breaks its connections, %s too; twice is harmless', async (_what, goWrong) => {
    const { proxy, connect, database } = await behindProxy()
    const client = await connect()
    goWrong(proxy)
    const asked = outcomes(client, 'SELECT pg_sleep(9)')
    await Promise.all([proxy.close(), proxy.close()])
    await proxy[Symbol.asyncDispose]()
    expect(await asked).toEqual([broken])
    await eventually('the server has seen it', async () => (await activity(database)).length === 0)
    await expect(connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it.each(['after', 'before'] as const)('breaks one whose statement is held %s', async (when) => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    const happened = proxy.next('SELECT', { do: 'hold', when, all: true })
    const asked = outcomes(client, 'SELECT 1')
    await happened
    await proxy.close()
    expect(await asked).toEqual([broken])
  })

  it.each([
    ['says nothing', false, () => {}],
    ['is refused with an error, and says nothing', true, () => {}],
    ['is refused with an error, and only half ended', true, (socket: Socket) => void socket.end()],
  ])('does not wait for a client that %s', async (_what, refused, then) => {
    const { proxy } = await behindProxy()
    if (refused) proxy.refuse({ sqlState: '53300' })
    const socket = await mute(proxy, true)
    then(socket)
    const closed = closing(socket)
    await proxy.close()
    socket.end()
    await closed
  })
})

it('a client that comes while the database is not there is reset', async () => {
  const { database } = await behindProxy()
  const nobody = Object.assign(new URL(database.url), { port: '1' }).href
  await using proxy = await startWireProxy(nobody)
  const socket = await mute(proxy)
  socket.resume()
  await closing(socket)
})

it('a proxy does not start for a URL that asks for TLS, nor on a port that is taken', async () => {
  const { proxy, database } = await behindProxy()
  await expect(startWireProxy(`${database.url}?sslmode=require`)).rejects.toThrow(TypeError)
  await expect(startWireProxy(database.url, { port: Number(new URL(proxy.url).port) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
})
