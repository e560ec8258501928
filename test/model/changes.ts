// The small changes that the operations are made of. They change the model that they are given: a copy of `step`.
import type { ErrorCode, LossReason } from '@bmdb/core'
import {
  keyOf,
  same,
  type Candidate,
  type Entry,
  type Handle,
  type Held,
  type Key,
  type Machine,
  type Model,
  type Process,
} from './model.ts'
import type { Rules } from './rules.ts'

/** What came of a call: what it resolved with, or the code with which it rejected. */
export type Outcome = { readonly value: unknown } | { readonly code: ErrorCode }

/** One step under way. */
export interface Draft {
  readonly model: Model
  readonly rules: Rules
  /** What became of open operations that this one ended, by their numbers. */
  readonly ended: Map<number, Outcome>
}

export const expired: Outcome = { code: 'ERR_SESSION_EXPIRED' }
const lost: Outcome = { code: 'ERR_WORK_LOST' }
const ended: Outcome = { code: 'ERR_WORK_ENDED' }

/** The session is over for its own program, and with it everything that runs through it. */
export function becomeOver(draft: Draft, session: number, reason: LossReason): Outcome {
  const one = draft.model.sessions[session]!
  if (one.over !== null) return expired
  one.over = reason
  for (const handle of draft.model.handles)
    if (handle.session === session && handle.state !== 'ended') handle.state = 'lost'
  giveUp(draft, (open) => open.session === session, expired)
  return expired
}

export function loseHandle(draft: Draft, handle: Handle): Outcome {
  handle.state = 'lost'
  const index = draft.model.handles.indexOf(handle)
  giveUp(draft, ({ what }) => what.kind === 'work.transact' && what.handle === index, lost)
  return lost
}

function giveUp(draft: Draft, which: (open: Model['open'][number]) => boolean, outcome: Outcome): void {
  const { model } = draft
  for (const open of model.open.filter(which)) draft.ended.set(open.number, outcome)
  model.open = model.open.filter((open) => !which(open))
}

/** The session's row is deleted, with its work. */
export function endSession(
  { model, rules }: Draft,
  session: number,
  event: 'Expired' | 'Canceled' | 'Released',
): number {
  const gone = rules.endedWith(model, session)
  for (const held of gone) model.journal.push({ ...held, event })
  model.work = model.work.filter((held) => !gone.includes(held))
  model.sessions[session]!.row = 'gone'
  model.journal.push({ event: 'removed', session })
  return gone.length
}

/** Whoever ends an expired session ends connections that are in the way. */
export function endConnections({ model, rules }: Draft, session: number): void {
  for (const open of model.open) if (open.session === session && rules.isInTheWay(open)) open.locks = false
}

/** The row of work goes, by its holder's end or by an operator. */
export function endWork(
  { model }: Draft,
  { machine, process, session, token }: Held,
  event: 'Finished' | 'Failed' | 'Canceled' | 'Released',
): void {
  const held = { machine, process, session, token }
  model.work = model.work.filter((row) => !same(held)(row) || row.token !== token)
  model.journal.push({ ...held, event })
  if (event === 'Finished') model.backoffs = model.backoffs.filter((row) => !same(held)(row))
}

export function write(
  { model }: Draft,
  machine: Machine,
  session: number,
  value: number,
  under: Held | null = null,
): Outcome {
  const values = model.values[machine]
  values.push(value)
  model.journal.push({ event: 'wrote', machine, session, under })
  return { value: [...values] }
}

/** What a program knows of its work by itself; undefined if nothing speaks against going on. */
export function refusal(model: Model, handle: Handle): Outcome | undefined {
  if (handle.state === 'ending' || handle.state === 'ended') return ended
  if (model.sessions[handle.session]!.over !== null) return expired
  return handle.state === 'lost' ? lost : undefined
}

/** The row of work was not there. */
export function foundMissing(draft: Draft, handle: Handle): Outcome {
  return draft.model.sessions[handle.session]!.row === 'gone'
    ? becomeOver(draft, handle.session, 'deleted')
    : loseHandle(draft, handle)
}

export interface ClaimRequest {
  readonly session: number
  readonly process: Process
  readonly candidates: readonly Candidate[]
  readonly limit: number
  readonly ignoreBackoff: boolean
}

type ClaimEnd = { readonly claimed: readonly Handle[] } | { readonly states: readonly State[] } | Outcome
type State = 'free' | 'expired' | 'held' | 'backoff' | 'lost'

/** One claim. Where it claims nothing, it says of each candidate why. */
export function claim(draft: Draft, request: ClaimRequest): ClaimEnd {
  const { model, rules } = draft
  const { session, process, limit } = request
  const judged = request.candidates.map((one) => ({ ...one, process, state: stateOf(draft, one, request) }))
  const chosen = judged.filter(({ state }) => state === 'free' || state === 'expired').slice(0, limit)
  if (chosen.length === 0) return { states: judged.map(({ state }) => state) }
  const holders = chosen.flatMap((key) => model.work.filter(same(key))).map((held) => held.session)
  const dead = [...new Set(holders)]
  for (const holder of dead) endConnections(draft, holder)
  // The claim needs the row of its own session, and is refused with all that came before it.
  if (model.sessions[session]!.row === 'gone' || dead.includes(session)) return becomeOver(draft, session, 'deleted')
  for (const holder of dead) endSession(draft, holder, 'Expired')
  const claimed = chosen.map(({ machine }): Handle => {
    const token = rules.nextToken(model.tokens[keyOf({ machine, process })] ?? 0)
    const held = { machine, process, session, token }
    model.tokens[keyOf(held)] = token
    model.work.push(held)
    model.journal.push({ ...held, event: 'Started' })
    return { ...held, state: 'held' }
  })
  model.handles.push(...claimed)
  return { claimed }
}

function stateOf({ model, rules }: Draft, candidate: Candidate, request: ClaimRequest): State {
  const key = { machine: candidate.machine, process: request.process }
  const held = model.work.find(same(key))
  const backoff = model.backoffs.find(same(key))
  if (held !== undefined && !rules.mayBeTakenOver(model.sessions[held.session]!)) return 'held'
  if (backoff !== undefined && !backoff.past && !request.ignoreBackoff) return 'backoff'
  const { seenToken, seenHeld } = candidate
  if (seenToken !== null && seenToken !== (model.tokens[keyOf(key)] ?? 0)) return 'lost'
  if (seenHeld === true && held === undefined && lastEvent(model, key) !== 'Expired') return 'lost'
  return held === undefined ? 'free' : 'expired'
}

function lastEvent(model: Model, key: Key): Entry['event'] | undefined {
  return model.journal.findLast((entry) => 'process' in entry && same(key)(entry))?.event
}

/** Candidates of which nobody looked at anything. */
export function named(wanted: readonly Machine[]): Candidate[] {
  return wanted.map((machine) => ({ machine, seenToken: null, seenHeld: null }))
}
