import { once } from 'node:events'
import { connect as dial, createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startWireProxy } from '../src/index.ts'
import { activity, behindProxy, eventually, isPending, outcomes, streamOf } from './support/databases.ts'

/** A way to the proxy that hands on a few bytes at a time, both ways. */
async function inSmallPieces(url: string, bytes: number): Promise<string> {
  const listener = createServer((client) => {
    const server = dial({ host: '127.0.0.1', port: Number(new URL(url).port), noDelay: true })
    client.setNoDelay(true)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      void piecewise(from, to, bytes)
      from.on('error', () => to.destroy()).on('close', () => to.destroy())
    }
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
  return Object.assign(new URL(url), { port: String((listener.address() as AddressInfo).port) }).href
}

async function piecewise(from: Socket, to: Socket, bytes: number): Promise<void> {
  try {
    for await (const chunk of from as AsyncIterable<Buffer>)
      for (let at = 0; at < chunk.length; at += bytes) {
        to.write(chunk.subarray(at, at + bytes))
        await new Promise((resolve) => setImmediate(resolve))
      }
  } catch {
    // The other end broke it.
  }
}

describe('what arrives in small pieces', () => {
  it.each([1, 3, 7])('is understood all the same (%i bytes)', async (bytes) => {
    const { proxy, connect, rows, database } = await behindProxy()
    // Twice: what a client sends is cut up, and what the server does.
    await using behind = await startWireProxy(await inSmallPieces(database.url, bytes))
    const through = await inSmallPieces(behind.url, bytes)
    const client = await connect({ connectionString: through })
    const statement = { name: 'puts_row', text: 'INSERT INTO rows VALUES ($1)' }
    await client.query({ ...statement, values: [1] })
    void behind.next('puts_row', { do: 'answer', with: { sqlState: '40001' }, when: 'instead' })
    await expect(client.query({ ...statement, values: [2] })).rejects.toMatchObject({ code: '40001' })
    await client.query({ ...statement, values: [3] })
    expect(await rows()).toEqual([1, 3])
    expect(proxy.counts.connections).toBe(0)
  })
})

describe('large messages', () => {
  const megabytes = 8 * 1024 * 1024
  const large = { name: 'large', text: 'SELECT length($1::text) AS n' }

  it('pass both ways, and their statements are known', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    const value = 'x'.repeat(megabytes)
    expect((await client.query({ ...large, values: [value] })).rows).toEqual([{ n: megabytes }])
    void proxy.next('large', { do: 'answer', with: { sqlState: 'XX001' }, when: 'instead' })
    await expect(client.query({ ...large, values: [value] })).rejects.toMatchObject({ code: 'XX001' })
    const { rows } = await client.query<{ text: string }>(`SELECT repeat('y', ${megabytes}) AS text`)
    expect(rows[0]!.text).toHaveLength(megabytes)
    expect(await outcomes(client, 'SELECT 1')).toEqual(['SELECT'])
  })

  it('are replaced or held as a whole', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    const many = `SELECT repeat('y', 10000) FROM generate_series(1, 800)`
    void proxy.next('generate_series', { do: 'answer', with: { sqlState: 'XX001' }, when: 'after' })
    expect(await outcomes(client, many, 'SELECT 1')).toEqual(['XX001', 'SELECT'])
    const happened = proxy.next('generate_series', { do: 'hold', when: 'after' })
    const asked = outcomes(client, many)
    await happened
    expect(await isPending(asked)).toBe(true)
    proxy.restore()
    expect(await asked).toEqual(['SELECT'])
  })

  it('that a client does not take are not heaped up: the server has to wait', async () => {
    const { connect, database } = await behindProxy()
    const client = await connect()
    const asked = client.query(`SELECT repeat('z', 1000000) AS text FROM generate_series(1, 100)`)
    streamOf(client).pause()
    await eventually('it waits', async () => (await activity(database))[0]?.wait === 'ClientWrite')
    // All of it would have been heaped up by then.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(await activity(database)).toMatchObject([{ wait: 'ClientWrite' }])
    streamOf(client).resume()
    expect((await asked).rows).toHaveLength(100)
  })
})

describe('the ends of a connection', () => {
  it('reach the server when a client says goodbye, and one after a half close', async () => {
    const { connect, database, proxy } = await behindProxy()
    await (await connect()).end()
    await eventually('the server has seen it', async () => (await activity(database)).length === 0)
    const socket = dial({ host: '127.0.0.1', port: Number(new URL(proxy.url).port), allowHalfOpen: true })
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    socket.end()
    socket.resume()
    await once(socket, 'close')
  })

  it('reach the client when the server ends it', async () => {
    const { connect, database } = await behindProxy()
    const client = await connect()
    await client.query('SELECT 1')
    const ended = new Promise<void>((resolve) => void client.once('end', () => resolve()))
    await database.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'proxied'`,
    )
    await ended
    await expect(client.query('SELECT 1')).rejects.toThrow()
  })

  it('come to what is no client of this protocol', async () => {
    const { proxy } = await behindProxy()
    const socket = dial({ host: '127.0.0.1', port: Number(new URL(proxy.url).port) })
    onTestFinished(() => void socket.destroy())
    const failed = once(socket, 'error').catch((error: unknown) => error)
    socket.on('connect', () => void socket.write('GET / HTTP/1.1\r\n\r\n'))
    await failed
    await eventually('it is gone', async () => socket.destroyed)
  })
})

it('a wish for TLS is declined in plain words', async () => {
  const { proxy } = await behindProxy()
  const socket = dial({ host: '127.0.0.1', port: Number(new URL(proxy.url).port) })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]))
  expect(await once(socket, 'data')).toEqual([Buffer.from('N')])
})

it('a statement is cancelled through the proxy', async () => {
  const { proxy, connect, database } = await behindProxy()
  const client = await connect()
  const asked = outcomes(client, 'SELECT pg_sleep(9)')
  await eventually('it runs', async () => (await activity(database))[0]?.wait === 'PgSleep')
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number | Buffer }
  const key = typeof secretKey === 'number' ? Buffer.alloc(4) : secretKey
  if (typeof secretKey === 'number') key.writeInt32BE(secretKey)
  const head = Buffer.alloc(12)
  head.writeInt32BE(12 + key.length, 0)
  head.writeInt32BE(80877102, 4)
  head.writeInt32BE(processID, 8)
  const socket = dial({ host: '127.0.0.1', port: Number(new URL(proxy.url).port) })
  onTestFinished(() => void socket.destroy())
  socket.on('connect', () => void socket.write(Buffer.concat([head, key])))
  socket.resume()
  await once(socket, 'close')
  expect(await asked).toEqual(['57014'])
})
