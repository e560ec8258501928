import type { Logger } from '@bmdb/core'
import { messageOf } from './log.ts'

/** Which run an event is about. */
export interface RunRef {
  readonly process: string
  readonly machineId: string
  readonly token: bigint
  /** Which attempt it is since the last success, from 1. */
  readonly attempt: number
}

/** What a runner tells, by the event's name. */
export interface RunnerEvents {
  /** A session began: the first one, or a new one after a loss. */
  sessionStarted: { readonly sessionId: string }
  /** A session was lost. Its runs are told to stop, and a new one is started. */
  sessionLost: { readonly sessionId: string; readonly error: Error }
  /** A machine was claimed; its run begins. */
  claimed: RunRef
  /** A claim found nothing to do. */
  idle: { readonly process: string }
  /** A claim failed; it is tried again. */
  claimFailed: { readonly process: string; readonly error: unknown }
  finished: RunRef
  /** `parked`: the failures have reached `maxAttempts`, and the machine is parked for the process. */
  failed: RunRef & { readonly error: unknown; readonly parked: boolean }
  snoozed: RunRef & { readonly seconds: number }
  parked: RunRef & { readonly reason: unknown }
  /** `reason` is what its signal aborted with; undefined where the run itself said so. */
  canceled: RunRef & { readonly reason: unknown }
  /** The work was no longer this runner's. Nothing was committed. */
  lost: RunRef & { readonly error: unknown }
  /** Whether the end was committed could not be found out. */
  unknown: RunRef & { readonly error: unknown }
  /** No progress was reported for longer than the process allows. The run goes on. */
  stuck: RunRef & { readonly seconds: number; readonly lastProgress: string | undefined }
  /** The run did not stop when it was told to; it is left behind, and its slot is free. */
  abandoned: RunRef & { readonly error: unknown }
  /** The event loop stood still; `runs` were under way. */
  blocked: { readonly ms: number; readonly runs: readonly RunRef[] }
  /** Nothing new is begun. */
  stopping: Record<string, never>
  /** It has stopped, and its session is closed. */
  stopped: Record<string, never>
}

/** Hears of an event. What it throws is logged. */
export type RunnerListener<Name extends keyof RunnerEvents> = (event: RunnerEvents[Name]) => unknown

/** Tells events to listeners; a listener that throws is logged and breaks nothing. */
export class Events {
  readonly #logger: Logger
  readonly #listeners = new Map<keyof RunnerEvents, Set<(event: never) => unknown>>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** @returns what ends it; twice is harmless */
  on<Name extends keyof RunnerEvents>(name: Name, listener: RunnerListener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    // The same function may listen twice, and each time is ended by itself.
    const one = (event: never): unknown => listener(event)
    listeners.add(one)
    return () => listeners.delete(one)
  }

  tell<Name extends keyof RunnerEvents>(name: Name, event: RunnerEvents[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])])
      try {
        const returned = listener(event as never)
        if (returned instanceof Promise) returned.catch((error: unknown) => this.#complain(name, error))
      } catch (error) {
        this.#complain(name, error)
      }
  }

  #complain(name: string, error: unknown): void {
    this.#logger.error('a listener failed', { event: name, error: messageOf(error) })
  }
}
