import type { Pulse } from '@bmdb/api/contract'
import { useSyncExternalStore } from 'react'
import { readMe } from '../api/reads.ts'
import { apiRoot } from '../api/request.ts'
import { clock } from './clock.ts'

/** How it stands between the page and the database. */
export interface Live {
  readonly status: 'connecting' | 'live' | 'console away' | 'database away'
  /** By the browser's clock: when everything was known last. Null before the first pulse. */
  readonly knownAt: number | null
  /** By the browser's clock: what was read before is not to be acted on. Null while nothing was lost. */
  readonly lostAt: number | null
}

/** Pulses come once a second, and the database has 2 s to answer for one. */
const silenceMs = 6_000
const longestWaitMs = 10_000

/**
 * The stream of pulses. It is closed while the page is hidden: browsers allow six connections to a server, and as many
 * forgotten tabs would leave none.
 */
class LiveStream {
  #live: Live = { status: 'connecting', knownAt: null, lostAt: null }
  #source: EventSource | null = null
  #watch: number | undefined
  #retry: number | undefined
  #failures = 0
  #lastPulseAt: number | null = null
  #version: string | null = null
  readonly #listeners = new Set<() => void>()
  /** Something happened to work, to sessions or by operators. */
  onChange: () => void = () => {}
  /** What is shown is stale from now on. */
  onLost: () => void = () => {}
  /** The first pulse after the stream began or after a loss. */
  onBack: () => void = () => {}

  readonly snapshot = (): Live => this.#live

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Begins, for as long as the page is there. */
  start(): void {
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#close()
      else if (this.#source === null) {
        this.#lose('connecting')
        this.#open()
      }
    })
    if (!document.hidden) this.#open()
  }

  #open(): void {
    this.#close()
    const source = new EventSource(`${apiRoot}/events`)
    this.#source = source
    source.addEventListener('pulse', (event: MessageEvent<string>) => this.#heard(JSON.parse(event.data) as Pulse))
    source.addEventListener('error', () => this.#failed())
    this.#watchSilence()
  }

  #close(): void {
    this.#source?.close()
    this.#source = null
    window.clearTimeout(this.#watch)
    window.clearTimeout(this.#retry)
  }

  #watchSilence(): void {
    window.clearTimeout(this.#watch)
    this.#watch = window.setTimeout(() => this.#failed(), silenceMs)
  }

  #heard({ reachable, now, version }: Pulse): void {
    this.#watchSilence()
    this.#failures = 0
    if (!reachable || now === null) return this.#lose('database away')
    clock.heard(now)
    this.#lastPulseAt = Date.now()
    const before = this.#live.status
    if (before !== 'live') {
      const lost = this.#live.lostAt !== null
      this.#set({ ...this.#live, status: 'live', knownAt: null })
      if (lost) this.onBack()
    } else if (version !== this.#version) this.onChange()
    this.#version = version
  }

  #failed(): void {
    this.#close()
    this.#lose('console away')
    this.#failures += 1
    const waitMs = Math.min(longestWaitMs, 500 * 2 ** this.#failures) * (0.5 + Math.random() / 2)
    this.#retry = window.setTimeout(() => {
      // The stream does not say why it was refused. Where the login is over, this leads to a new one.
      readMe(AbortSignal.timeout(5_000))
        .catch(() => null)
        .finally(() => {
          if (!document.hidden) this.#open()
        })
    }, waitMs)
  }

  #lose(status: Exclude<Live['status'], 'live'>): void {
    const was = this.#live
    if (was.status === status) return
    // Away is not forgotten by trying again.
    if (status === 'connecting' && was.status !== 'live') return
    const fresh = was.status === 'live' || was.lostAt === null
    this.#set({ status, knownAt: this.#lastPulseAt, lostAt: fresh ? Date.now() : was.lostAt })
    if (fresh) this.onLost()
  }

  #set(live: Live): void {
    this.#live = live
    for (const listener of this.#listeners) listener()
  }
}

export const liveStream = new LiveStream()

export function useLive(): Live {
  return useSyncExternalStore(liveStream.subscribe, liveStream.snapshot)
}
