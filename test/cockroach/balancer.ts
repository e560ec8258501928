import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A server behind the balancer, on loopback. */
export interface Node {
  readonly name: string
  readonly port: number
  /** Whether new connections may go there; a rejection means no. */
  readonly ready: (signal: AbortSignal) => Promise<boolean>
}

/** How long a node may take to say that it is ready. */
const readyMs = 500

/**
 * Stands between programs and a cluster, as the load balancer does that CockroachDB asks for: each new connection goes
 * to the next node that is ready, or is reset where none is. A connection that stands is left to its node, whatever
 * becomes of that. On loopback, on a free port.
 */
export async function startBalancer(nodes: readonly Node[]): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  let turn = 0
  const carry = (client: Socket, server: Socket): void => {
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.once('close', () => {
        sockets.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
    server.on('error', () => {})
    client.pipe(server)
    server.pipe(client)
  }
  const listener = createServer((client) => {
    client.on('error', () => {})
    client.once('close', () => sockets.delete(client))
    sockets.add(client)
    void nextReady(nodes, turn++).then((node) => {
      if (node === undefined || client.destroyed) client.resetAndDestroy()
      else carry(client, connect(node.port, '127.0.0.1'))
    })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      if (!listener.listening) return
      listener.close()
      for (const socket of sockets) socket.destroy()
      await once(listener, 'close')
    },
  }
}

/** The first of them that is ready, from the given turn on. */
async function nextReady(nodes: readonly Node[], turn: number): Promise<Node | undefined> {
  for (let step = 0; step < nodes.length; step++) {
    const node = nodes[(turn + step) % nodes.length]!
    if (await node.ready(AbortSignal.timeout(readyMs)).catch(() => false)) return node
  }
  return undefined
}
