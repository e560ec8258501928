import { connect, type Socket } from 'node:net'
import type { ArmedFaults } from './armed-faults.ts'
import { ClientMessages, type ClientPiece } from './client-messages.ts'
import { Conversation, type Line } from './conversation.ts'
import { DelayLine } from './delay-line.ts'
import type { Breakage } from './fault.ts'
import { ServerMessages, type ServerPiece } from './server-messages.ts'

/** What the connections of a proxy have in common. */
export interface Network {
  readonly faults: ArmedFaults
  readonly counts: { connections: number; statements: number; roundTrips: number }
  readonly host: string
  readonly port: number
  delayMs: number
  silence(): void
  ended(relay: Relay): void
}

/** The other end said that it is done, or it broke. */
type End = { readonly kind: 'end' } | { readonly kind: 'lost' }

// More than that is not taken from one side before the other has taken it.
const mostBytes = 256 * 1024

/** One connection of a client, and the one to the server that belongs to it. */
export class Relay implements Line {
  readonly #network: Network
  readonly #client: Socket
  #server: Socket | undefined
  readonly #clientMessages = new ClientMessages()
  readonly #serverMessages = new ServerMessages()
  readonly #fromClient = new DelayLine<ClientPiece | End>(() => this.#pump())
  readonly #fromServer = new DelayLine<ServerPiece | End>(() => this.#pump())
  readonly #conversation: Conversation
  #frozen: boolean
  #forsaken = false
  #hungUp = false
  #ended = false
  #pumping = false
  /** The client was sent something since it last asked. */
  #answered = true

  constructor(client: Socket, network: Network, frozen: boolean) {
    this.#client = client
    this.#network = network
    this.#frozen = frozen
    this.#conversation = new Conversation(this, network.faults)
    client.setNoDelay(true)
    client.on('data', (chunk) => this.#clientSent(chunk))
    client.on('drain', () => this.#regulate())
    client.on('end', () => this.#arrived(this.#fromClient, { kind: 'end' }))
    client.on('error', () => {})
    client.on('close', (hadError) => {
      if (this.#ended || this.#forsaken) return
      if (hadError) this.#arrived(this.#fromClient, { kind: 'lost' })
      else this.break()
    })
    if (frozen) client.pause()
    else this.#connect()
  }

  toServer(data: Buffer): void {
    this.#server?.write(data)
  }

  toClient(data: Buffer): void {
    if (!this.#client.writable) return
    this.#answered = true
    this.#client.write(data)
  }

  break(how: Breakage = 'close'): void {
    if (this.#ended) return
    this.#ended = true
    this.#fromClient.clear()
    this.#fromServer.clear()
    this.#breakClient(how)
    this.#server?.uncork()
    this.#server?.destroy()
    this.#conversation.end()
    this.#network.ended(this)
  }

  forsake(how: Breakage = 'close'): void {
    this.#forsaken = true
    this.#fromClient.clear()
    this.#breakClient(how)
    this.#regulate()
  }

  hangUp(): void {
    this.#hungUp = true
    this.#server?.destroy()
    this.#fromServer.clear()
    this.#fromClient.clear()
    // Its last words are still read, since a close with something unread would take back what it was sent.
    this.#client.end()
  }

  freeze(all = false): void {
    this.#frozen = true
    this.#regulate()
    if (all) this.#network.silence()
  }

  restore(): void {
    this.#frozen = false
    if (this.#server === undefined && !this.#ended) this.#connect()
    this.#pump()
  }

  holdUp(from: 'client' | 'server', ms: number): void {
    if (from === 'client') this.#fromClient.holdUp(ms)
    else this.#fromServer.holdUp(ms)
    this.wake()
  }

  wake(): void {
    // What asks for it is in the middle of something itself.
    setImmediate(() => this.#pump())
  }

  #connect(): void {
    const server = connect({ host: this.#network.host, port: this.#network.port, allowHalfOpen: true, noDelay: true })
    this.#server = server
    server.on('data', (chunk) => {
      for (const piece of this.#serverMessages.push(chunk))
        this.#fromServer.push(piece, piece.data.length, this.#network.delayMs)
      this.#pump()
    })
    server.on('drain', () => this.#regulate())
    server.on('end', () => this.#arrived(this.#fromServer, { kind: 'end' }))
    server.on('error', () => {})
    server.on('close', (hadError) => hadError && this.#arrived(this.#fromServer, { kind: 'lost' }))
  }

  #clientSent(chunk: Buffer): void {
    if (this.#hungUp) return
    const { counts, delayMs } = this.#network
    for (const piece of this.#clientMessages.push(chunk)) {
      if (piece.kind === 'unit') counts.statements += piece.statements.length
      if (this.#answered && piece.kind !== 'goodbye') {
        counts.roundTrips += 1
        this.#answered = false
      }
      this.#fromClient.push(piece, piece.data.length, delayMs)
    }
    this.#pump()
  }

  #arrived<T>(line: DelayLine<T | End>, end: End): void {
    if (this.#ended) return
    line.push(end, 0, this.#network.delayMs)
    this.#pump()
  }

  /** Lets pass what may pass, both ways. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    const server = this.#server
    this.#client.cork()
    server?.cork()
    this.#run(this.#fromServer, (piece) => this.#serverPiece(piece))
    this.#run(this.#fromClient, (piece) => this.#clientPiece(piece))
    server?.uncork()
    this.#client.uncork()
    this.#pumping = false
    this.#regulate()
  }

  #run<T>(line: DelayLine<T>, take: (item: T) => boolean): void {
    while (!this.#frozen && !this.#ended) {
      const item = line.peek()
      if (item === undefined || !take(item)) return
      line.shift()
    }
  }

  #clientPiece(piece: ClientPiece | End): boolean {
    if (piece.kind === 'end' && !this.#hungUp) this.#server?.end()
    else if (piece.kind === 'end') this.break()
    else if (piece.kind === 'lost') this.break()
    else return this.#conversation.fromClient(piece)
    return true
  }

  #serverPiece(piece: ServerPiece | End): boolean {
    if (piece.kind === 'lost' || (piece.kind === 'end' && this.#forsaken)) this.break('reset')
    else if (piece.kind === 'end') this.hangUp()
    else return this.#conversation.fromServer(piece)
    return true
  }

  /** A side that is not read is held up by its own kernel. */
  #regulate(): void {
    if (this.#ended) return
    const server = this.#server
    pauseIf(this.#client, this.#frozen || this.#fromClient.bytes + (server?.writableLength ?? 0) > mostBytes)
    if (server !== undefined)
      pauseIf(server, this.#frozen || this.#fromServer.bytes + this.#client.writableLength > mostBytes)
  }

  #breakClient(how: Breakage): void {
    this.#client.uncork()
    if (how === 'reset') this.#client.resetAndDestroy()
    else this.#client.destroy()
  }
}

function pauseIf(socket: Socket, paused: boolean): void {
  if (paused === socket.isPaused()) return
  if (paused) socket.pause()
  else socket.resume()
}
