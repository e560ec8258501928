import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startBalancer, type Node } from './balancer.ts'

/** A server that tells its name to whoever connects and then says everything again, and whether it is ready. */
async function node(name: string, state: { ready: boolean | 'silent' }): Promise<Node> {
  const server = createServer((socket) => {
    socket.on('error', () => {}).write(name)
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const ready = async (signal: AbortSignal) => {
    if (state.ready === 'silent') await once(signal, 'abort')
    if (state.ready !== true) throw new Error('not now')
    return true
  }
  return { name, port: (server.address() as AddressInfo).port, ready }
}

/** A connection through the balancer, with the name of the node that it came to; none if it was refused. */
async function through(port: number): Promise<{ socket: Socket; name: string | undefined }> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const name = new Promise<string | undefined>((resolve) => {
    socket.once('data', (data) => resolve(data.toString()))
    socket.on('error', () => {})
    socket.once('close', () => resolve(undefined))
  })
  return { socket, name: await name }
}

test('new connections go to the nodes that are ready, one after the other; standing ones stay where they are', async () => {
  const states = { a: { ready: true as boolean | 'silent' }, b: { ready: true as boolean | 'silent' } }
  const balancer = await startBalancer([await node('a', states.a), await node('b', states.b)])
  onTestFinished(() => balancer[Symbol.asyncDispose]())
  const names = async () => [(await through(balancer.port)).name, (await through(balancer.port)).name]
  const standing = await through(balancer.port)
  expect(await names()).toEqual(['b', 'a'])

  states.a.ready = false
  expect(await names()).toEqual(['b', 'b'])
  states.a.ready = 'silent'
  expect(await names()).toEqual(['b', 'b'])
  standing.socket.write('still there')
  expect(String((await once(standing.socket, 'data'))[0])).toBe('still there')

  states.b.ready = false
  expect(await names()).toEqual([undefined, undefined])
  states.a.ready = true
  expect(await names()).toEqual(['a', 'a'])

  await Promise.all([balancer[Symbol.asyncDispose](), once(standing.socket, 'close')])
  await balancer[Symbol.asyncDispose]()
  expect((await through(balancer.port)).name).toBeUndefined()
})
