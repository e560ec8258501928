import type { ServerResponse } from 'node:http'
import type { Pulse } from '../contract/index.ts'
import { overloaded } from '../problem/problem-error.ts'

/** For {@link Pulses}. */
export interface PulsesOptions {
  /** Asks the database. */
  readonly ask: (wait: { signal: AbortSignal; timeoutMs: number }) => Promise<{ now: Date; version: string }>
  /** Told why the database did not answer, once for each time that it goes away. */
  readonly onAway?: ((error: unknown) => void) | undefined
  /** Told how many streams are open, whenever that changes. */
  readonly onStreams?: ((open: number) => void) | undefined
  /** Milliseconds from one pulse to the next. Default 1000. */
  readonly everyMs?: number
  /** Milliseconds that the database has for its answer. Default 2000. */
  readonly limitMs?: number
  /** Clients at a time. Default 200. */
  readonly mostClients?: number
  /** Clients at a time of one name; one more ends the oldest of them. Default 20. */
  readonly mostOfOne?: number
  /** Bytes that a client may leave unread, besides what the network holds. Default 65 536. */
  readonly mostUnreadBytes?: number
}

/** What a browser waits before it asks again for a stream that broke. */
const retryMs = 2_000

/** Sends pulses to everybody who listens; while nobody does, the database is not asked. */
export class Pulses {
  readonly #options: PulsesOptions & Required<Omit<PulsesOptions, 'onAway' | 'onStreams'>>
  /** Oldest first, each with whose it is. */
  readonly #clients = new Map<ServerResponse, string>()
  readonly #closed = new AbortController()
  #beating: AbortController | undefined
  #latest: Pulse = { reachable: false, now: null, version: '' }
  #sent = 0

  constructor(options: PulsesOptions) {
    this.#options = {
      everyMs: 1_000,
      limitMs: 2_000,
      mostClients: 200,
      mostOfOne: 20,
      mostUnreadBytes: 65_536,
      ...options,
    }
  }

  /** @throws ProblemError (503) where others have too many, or it was closed */
  assertRoom(name: string): void {
    if (this.#closed.signal.aborted) throw overloaded('This program is stopping.')
    const own = [...this.#clients].filter(([, owner]) => owner === name)
    if (own.length >= this.#options.mostOfOne) {
      own[0]![0].end()
      this.#remove(own[0]![0])
    }
    if (this.#clients.size >= this.#options.mostClients)
      throw overloaded(`${this.#options.mostClients} streams of events are open already: close some, or ask for lists.`)
  }

  /** Sends every pulse from now on, until the client goes away or does not read. */
  add(client: ServerResponse, name: string): void {
    this.#clients.set(client, name)
    this.#options.onStreams?.(this.#clients.size)
    client.once('close', () => this.#remove(client))
    client.on('error', () => this.#remove(client))
    client.write(`retry: ${retryMs}\n\n`)
    if (this.#beating === undefined) void this.#beat()
    else if (this.#sent > 0) this.#send(client, this.#latest)
  }

  /** Ends all streams. Twice is harmless. */
  close(): void {
    this.#closed.abort()
    this.#beating?.abort()
    for (const client of [...this.#clients.keys()]) {
      client.end()
      this.#remove(client)
    }
  }

  #remove(client: ServerResponse): void {
    if (!this.#clients.delete(client)) return
    this.#options.onStreams?.(this.#clients.size)
    if (this.#clients.size === 0) this.#beating?.abort()
  }

  async #beat(): Promise<void> {
    const beating = new AbortController()
    this.#beating = beating
    const { signal } = beating
    this.#sent = 0
    while (!signal.aborted) {
      const beganMs = performance.now()
      const pulse = await this.#ask(signal)
      if (signal.aborted) break
      this.#latest = pulse
      this.#sent += 1
      for (const client of [...this.#clients.keys()]) this.#send(client, pulse)
      await pause(this.#options.everyMs - (performance.now() - beganMs), signal)
    }
    // Somebody may have come while the last answer was awaited.
    this.#beating = undefined
    if (this.#clients.size > 0 && !this.#closed.signal.aborted) void this.#beat()
  }

  async #ask(signal: AbortSignal): Promise<Pulse> {
    try {
      const { now, version } = await this.#options.ask({ signal, timeoutMs: this.#options.limitMs })
      return { reachable: true, now: now.toISOString(), version }
    } catch (error) {
      if (!signal.aborted && (this.#latest.reachable || this.#sent === 0)) this.#options.onAway?.(error)
      return { reachable: false, now: null, version: this.#latest.version }
    }
  }

  #send(client: ServerResponse, pulse: Pulse): void {
    // It does not read: it will ask again when it does.
    if (client.writableLength > this.#options.mostUnreadBytes) client.destroy()
    else client.write(`id: ${this.#sent}\nevent: pulse\ndata: ${JSON.stringify(pulse)}\n\n`)
  }
}

/** Resolves early where the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const onEnd = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onEnd)
      resolve()
    }
    const timer = setTimeout(onEnd, Math.max(0, ms))
    signal.addEventListener('abort', onEnd, { once: true })
  })
}
