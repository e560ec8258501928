import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * What happens when a chosen text passes on its way to the server, once:
 * - `cut before`: the connection breaks, and the server never gets it;
 * - `cut after`: the server gets it and answers, and the connection breaks in place of the answer;
 * - `cut between`: the server gets it, and the connection breaks before it has answered;
 * - `no answer`: the server gets it and answers, and the answer never comes;
 * - `silence`: as `no answer`, and from then on nothing passes on any connection;
 * - `stuck before`: the server gets what was sent before the text and no more; the connection stands, and is silent.
 */
export type Fault = 'cut before' | 'cut after' | 'cut between' | 'no answer' | 'silence' | 'stuck before'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  frozen: boolean
  fault: Fault | undefined
  /** The client's side was broken, and the server is not to learn of it. */
  forsaken?: boolean
}

/** A loopback proxy between BMDB and its database, in which the network can go wrong. */
export class WireProxy {
  readonly #pairs = new Set<Pair>()
  readonly #listener: Server
  #armed: { text: string; fault: Fault; done: () => void } | undefined
  #silent = false
  #refusing = false
  /** Connections that were accepted. */
  accepted = 0

  private constructor(host: string, port: number) {
    this.#listener = createServer((client) => {
      this.accepted += 1
      if (this.#refusing) {
        client.resetAndDestroy()
        return
      }
      const server = connect(port, host)
      const pair: Pair = { client, server, frozen: this.#silent, fault: undefined }
      this.#pairs.add(pair)
      client.setNoDelay(true)
      server.setNoDelay(true)
      if (this.#silent) client.pause()
      client.on('data', (data) => this.#toServer(pair, data))
      server.on('data', (data) => this.#toClient(pair, data))
      for (const socket of [client, server]) {
        socket.on('error', () => {})
        socket.on('close', () => pair.forsaken !== true && this.#cut(pair))
      }
    })
  }

  /** Begins listening; ended when the test is over. */
  static async start(databaseUrl: string): Promise<{ proxy: WireProxy; url: string }> {
    const url = new URL(databaseUrl)
    const proxy = new WireProxy(url.hostname, Number(url.port || 5432))
    await new Promise<void>((resolve) => proxy.#listener.listen(0, '127.0.0.1', resolve))
    url.hostname = '127.0.0.1'
    url.port = String((proxy.#listener.address() as AddressInfo).port)
    onTestFinished(() => {
      proxy.cut()
      proxy.#listener.close()
    })
    return { proxy, url: url.href }
  }

  /** Arms a fault for the next time that `text` passes; resolves when it happened. */
  at(text: string, fault: Fault): Promise<void> {
    return new Promise((done) => {
      this.#armed = { text, fault, done }
    })
  }

  /** Breaks every connection. New ones are let through. */
  cut(): void {
    for (const pair of this.#pairs) this.#cut(pair)
  }

  /** Breaks every connection for the client alone: the server goes on with what it was doing. */
  forsake(): void {
    for (const pair of this.#pairs) {
      pair.forsaken = true
      pair.client.destroy()
    }
  }

  /** From now on new connections are reset, and there are no old ones. */
  refuse(): void {
    this.#refusing = true
    this.cut()
  }

  /** The connections of now go silent: open, and nothing passes. New ones are let through. */
  freeze(): void {
    for (const pair of this.#pairs) this.#freeze(pair)
  }

  /** All connections go silent, new ones too. */
  silence(): void {
    this.#silent = true
    this.freeze()
  }

  /** Breaks every connection, and lets everything through from then on: so that whoever waits need not wait longer. */
  heal(): void {
    this.cut()
    this.restore()
  }

  /** Everything passes again, what was held back included. */
  restore(): void {
    this.#silent = false
    this.#refusing = false
    for (const pair of this.#pairs) {
      pair.frozen = false
      pair.client.resume()
      pair.server.resume()
    }
  }

  #toServer(pair: Pair, data: Buffer): void {
    const armed = this.#armed
    if (armed !== undefined && data.includes(armed.text)) {
      this.#armed = undefined
      pair.fault = armed.fault
      if (armed.fault === 'cut before') this.#cut(pair)
      else if (armed.fault === 'stuck before') {
        pair.server.write(messagesBefore(data, armed.text))
        this.#freeze(pair)
      } else pair.server.write(data, () => armed.fault === 'cut between' && this.#cut(pair))
      if (armed.fault === 'silence') this.#silent = true
      if (armed.fault === 'silence') for (const other of this.#pairs) if (other !== pair) this.#freeze(other)
      armed.done()
      return
    }
    if (!pair.frozen) pair.server.write(data)
  }

  #toClient(pair: Pair, data: Buffer): void {
    if (pair.fault === 'cut after') this.#cut(pair)
    else if (pair.fault === undefined) pair.client.write(data)
  }

  #freeze(pair: Pair): void {
    pair.frozen = true
    pair.client.pause()
    pair.server.pause()
  }

  #cut(pair: Pair): void {
    this.#pairs.delete(pair)
    pair.client.destroy()
    pair.server.destroy()
  }
}

/** The messages that end before the one with `text` begins. A message is a letter, the length of the rest, the rest. */
function messagesBefore(data: Buffer, text: string): Buffer {
  let end = 0
  for (;;) {
    const next = end + 1 + data.readInt32BE(end + 1)
    if (data.subarray(end, next).includes(text)) return data.subarray(0, end)
    end = next
  }
}
