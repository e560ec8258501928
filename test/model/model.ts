// What BMDB keeps, as small as it can be said: two machines, sessions, who holds what, and what happened. Pure data.
import type { LossReason } from '@bmdb/core'

export type Machine = 0 | 1
export type Process = 'P' | 'Q'
/** A program; it has one session after the other. */
export type Slot = 'A' | 'B'

export const machines = [0, 1] as const
export const processes = ['P', 'Q'] as const

export interface ModelSession {
  readonly slot: Slot
  /** Its row in the database. */
  row: 'live' | 'expired' | 'gone'
  /** Why it is over as far as its program knows; null while it believes that it holds. */
  over: LossReason | null
}

/** A row of work. */
export interface Held {
  readonly machine: Machine
  readonly process: Process
  readonly session: number
  readonly token: number
}

/** What a program has in its hand for a claim. */
export interface Handle extends Held {
  state: 'held' | 'ending' | 'ended' | 'lost'
}

export interface BackoffRow {
  readonly machine: Machine
  readonly process: Process
  readonly seconds: number
  past: boolean
}

/** Which machine a claim means, and what `retrieve` saw of it; null where nobody looked. */
export interface Candidate {
  readonly machine: Machine
  readonly seenToken: number | null
  readonly seenHeld: boolean | null
}

/** An operation that stands in the middle of its function, while others run. */
export interface Open {
  /** The number of the operation that began it, and the value that it writes. */
  readonly number: number
  readonly session: number
  readonly what:
    | { readonly kind: 'transact'; readonly machine: Machine }
    | { readonly kind: 'work.transact' | 'finish'; readonly handle: number }
    | { readonly kind: 'claim'; readonly process: Process; readonly limit: number; readonly seen: Candidate[] }
  /** Whether it has the lock of its guard; no more once a takeover has ended its connection. */
  locks: boolean
}

/** What happened, in the order in which it was committed. */
export type Entry =
  | (Held & { readonly event: 'Started' | 'Finished' | 'Failed' | 'Canceled' | 'Expired' | 'Released' })
  | {
      readonly event: 'wrote'
      readonly machine: Machine
      readonly session: number
      /** The work under whose lock it was written; null for the session's own. */
      readonly under: Held | null
    }
  | { readonly event: 'ran out' | 'closed' | 'removed'; readonly session: number }

export interface Model {
  sessions: ModelSession[]
  work: Held[]
  handles: Handle[]
  backoffs: BackoffRow[]
  /** The last token of each machine and process. */
  tokens: Record<string, number>
  /** What was written on each machine. */
  values: [number[], number[]]
  open: Open[]
  journal: Entry[]
}

/** Two machines, and a live session for each of the two programs. */
export function newModel(): Model {
  const session = (slot: Slot): ModelSession => ({ slot, row: 'live', over: null })
  return {
    sessions: [session('A'), session('B')],
    work: [],
    handles: [],
    backoffs: [],
    tokens: {},
    values: [[], []],
    open: [],
    journal: [],
  }
}

export interface Key {
  readonly machine: Machine
  readonly process: Process
}

export function keyOf({ machine, process }: Key): string {
  return `${machine}${process}`
}

export function same(key: Key): (other: Key) => boolean {
  return (other) => other.machine === key.machine && other.process === key.process
}

/** The session that a program has now. */
export function currentSession(model: Model, slot: Slot): number {
  return model.sessions.findLastIndex((session) => session.slot === slot)
}

/** The handle that is meant by "the n-th last": of those that are not ended, or where all are, of all; -1 if there is none. */
export function handleAt({ handles }: Model, fromLast: number): number {
  const notEnded = [...handles.keys()].filter((index) => handles[index]!.state !== 'ended')
  const meant = notEnded.length > 0 ? notEnded : [...handles.keys()]
  return meant[meant.length - 1 - (fromLast % Math.max(1, meant.length))] ?? -1
}

/** The open operation that is meant by "the n-th". */
export function openAt(model: Model, n: number): Open | undefined {
  return model.open[n % Math.max(1, model.open.length)]
}

/** What `retrieve` sees with `claimable`: whom no live session holds and no backoff keeps away. */
export function look(model: Model, process: Process): Candidate[] {
  return machines
    .map((machine) => ({ machine, process }))
    .filter((key) => {
      const held = model.work.find(same(key))
      const backoff = model.backoffs.find(same(key))
      return !(held && model.sessions[held.session]!.row === 'live') && !(backoff && !backoff.past)
    })
    .map((key) => ({
      machine: key.machine,
      seenToken: model.tokens[keyOf(key)] ?? 0,
      seenHeld: model.work.some(same(key)),
    }))
}
