import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { ArmedFaults } from './armed-faults.ts'
import type { Breakage, Fault, ServerError, StatementMatch } from './fault.ts'
import { Relay, type Network } from './relay.ts'
import { turnAway } from './turn-away.ts'

/** For `startWireProxy`. */
export interface WireProxyOptions {
  /** Where it listens, on 127.0.0.1. @default one that is free */
  readonly port?: number
}

/**
 * Starts a proxy on loopback, between the programs under test and their database, in which the network and the
 * database can go wrong.
 *
 * @param databaseUrl PostgreSQL's or CockroachDB's, without TLS: the proxy reads along
 * @throws TypeError if the URL is none, or asks for TLS; what `listen` reports if the port is taken
 */
export async function startWireProxy(databaseUrl: string, options: WireProxyOptions = {}): Promise<WireProxy> {
  if (!URL.canParse(databaseUrl) || !/^postgres(ql)?:$/.test(new URL(databaseUrl).protocol))
    throw new TypeError('The proxy needs a URL such as postgresql://user@host:26257/database')
  const url = new URL(databaseUrl)
  const sslMode = url.searchParams.get('sslmode')
  if (sslMode !== null && !['disable', 'allow', 'prefer'].includes(sslMode))
    throw new TypeError(`The proxy reads along and cannot do so with sslmode=${sslMode}: leave it out of the URL`)
  const listener = createServer({ allowHalfOpen: true })
  listener.listen(options.port ?? 0, '127.0.0.1')
  await once(listener, 'listening')
  return new WireProxy(url, listener)
}

/**
 * A proxy that understands PostgreSQL's protocol. It lets everything pass until it is told otherwise, for one statement
 * (`next`, `every`) or for whole connections (the rest). Its waits are those of the real clock, never of a fake one.
 */
export class WireProxy implements AsyncDisposable {
  /** The database, through the proxy. */
  readonly url: string
  readonly #listener: Server
  readonly #relays = new Set<Relay>()
  /** Those that are being told that they are refused. */
  readonly #turnedAway = new Set<Socket>()
  readonly #faults = new ArmedFaults()
  readonly #counts = { connections: 0, statements: 0, roundTrips: 0 }
  readonly #network: Network
  #silent = false
  #refusing: ServerError | 'reset' | undefined
  #closed: Promise<void> | undefined

  /** For `startWireProxy`. */
  constructor(databaseUrl: URL, listener: Server) {
    const url = new URL(databaseUrl)
    url.hostname = '127.0.0.1'
    url.port = String((listener.address() as AddressInfo).port)
    this.url = url.href
    this.#listener = listener
    this.#network = {
      faults: this.#faults,
      counts: this.#counts,
      host: databaseUrl.hostname.replace(/^\[|\]$/g, ''),
      port: Number(databaseUrl.port || 5432),
      delayMs: 0,
      silence: () => this.silence(),
      ended: (relay) => void this.#relays.delete(relay),
    }
    listener.on('connection', (client) => this.#accept(client))
  }

  /**
   * Counts since the start. `connections`: those that were made, refused ones included. `statements`: those that were
   * run; several in one simple query are one. `roundTrips`: how often a client sent something after it was answered, or
   * for the first time; a new connection's handshake takes some.
   */
  get counts(): { readonly connections: number; readonly statements: number; readonly roundTrips: number } {
    return { ...this.#counts }
  }

  /**
   * Arms a fault for the next statement that matches. Several may be armed: the one armed first that matches is used.
   * @returns resolves once it has happened: the connection is cut, the made-up answer sent, the black hole there, the
   *   delay begun; rejects at `close()` if it never did, with the statements that passed last
   * @throws TypeError for a fault that there is not
   */
  next(match: StatementMatch, fault: Fault): Promise<void> {
    return this.#faults.next(match, fault)
  }

  /**
   * Arms a fault for each statement that matches.
   * @param chance - how likely it is each time, 0 to 1
   * @returns ends it
   * @throws TypeError for a fault that there is not
   */
  every(match: StatementMatch, fault: Fault, chance = 1): () => void {
    return this.#faults.every(match, fault, chance)
  }

  /** Forgets all armed faults. What `next` returned for them never resolves. */
  disarm(): void {
    this.#faults.disarm()
  }

  /** Breaks every connection. New ones are let through. */
  cut(how: Breakage = 'close'): void {
    for (const relay of this.#relays) relay.break(how)
    for (const client of this.#turnedAway) {
      if (how === 'reset') client.resetAndDestroy()
      else client.destroy()
    }
  }

  /** Breaks every connection for the client alone: the server goes on, and never learns of it. */
  forsake(): void {
    for (const relay of this.#relays) relay.forsake()
  }

  /** A black hole: the connections of now stand, and nothing passes, not even their end. New ones are let through. */
  freeze(): void {
    for (const relay of this.#relays) relay.freeze()
  }

  /** The same for new connections too: they are accepted, and never answered. */
  silence(): void {
    this.#silent = true
    this.freeze()
  }

  /** There are no connections, and new ones are reset or, with an error, told that it is over before it began. */
  refuse(error?: ServerError): void {
    this.#refusing = error ?? 'reset'
    this.cut()
  }

  /** Everything takes that much longer each way, from now on. @param ms - milliseconds; 0 ends it */
  delay(ms: number): void {
    this.#network.delayMs = ms
  }

  /** Everything passes again, what was held back included. Armed faults stay armed, and a delay goes on. */
  restore(): void {
    this.#silent = false
    this.#refusing = undefined
    for (const relay of this.#relays) relay.restore()
  }

  /** Breaks every connection, and lets everything through from then on: so that whoever waits need not wait longer. */
  heal(): void {
    this.cut()
    this.restore()
  }

  /** Breaks every connection and listens no more; whoever waits for a fault is told that it never happened. Twice is harmless. */
  close(): Promise<void> {
    this.#faults.close()
    this.#closed ??= new Promise((resolve) => {
      this.#listener.close(() => resolve())
      this.cut()
    })
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(client: Socket): void {
    this.#counts.connections += 1
    if (this.#closed !== undefined || this.#refusing === 'reset') client.resetAndDestroy()
    else if (this.#refusing !== undefined) {
      this.#turnedAway.add(client)
      client.on('close', () => this.#turnedAway.delete(client))
      turnAway(client, this.#refusing)
    } else this.#relays.add(new Relay(client, this.#network, this.#silent))
  }
}
