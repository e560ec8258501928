// What each operation does to the model, and what it answers. Pure: the model that goes in stays as it is.
import {
  becomeOver,
  claim,
  endConnections,
  endSession,
  endWork,
  expired,
  foundMissing,
  loseHandle,
  named,
  refusal,
  write,
  type ClaimRequest,
  type Draft,
  type Outcome,
} from './changes.ts'
import { currentSession, handleAt, look, openAt, same, type Handle, type Model, type Open } from './model.ts'
import type { Operation } from './operations.ts'
import { rules as theRules, type Rules } from './rules.ts'

export interface Step {
  readonly model: Model
  /** Undefined: the operation is not possible here and was passed over. `begun`: it stands in its function. */
  readonly outcome: Outcome | 'begun' | undefined
  /** Other operations that this one ended, by their numbers. */
  readonly ended: ReadonlyMap<number, Outcome>
}

/** What the database alone decides, told to the model. */
export interface Observed {
  /** How often `retrieve` looked: a conflict of its transaction may make it look again. Default: once. */
  readonly looks?: number
}

/** @param number - which operation of the sequence it is; also the value that it writes */
export function step(
  model: Model,
  operation: Operation,
  number: number,
  rules: Rules = theRules,
  observed: Observed = {},
): Step {
  const draft: Draft = { model: structuredClone(model), rules, ended: new Map() }
  const outcome = apply(draft, operation, number, observed)
  return { model: draft.model, outcome, ended: draft.ended }
}

function apply(draft: Draft, operation: Operation, number: number, observed: Observed): Step['outcome'] {
  const { model, rules } = draft
  const session = 'slot' in operation ? currentSession(model, operation.slot) : -1
  const own = model.sessions[session]!
  switch (operation.do) {
    case 'start session':
      if (own.row === 'live' && own.over === null) return undefined
      model.sessions.push({ slot: operation.slot, row: 'live', over: null })
      return { value: 'started' }
    case 'let session expire':
      if (own.row !== 'live') return undefined
      own.row = 'expired'
      model.journal.push({ event: 'ran out', session })
      return { value: 'expired' }
    case 'beat':
      for (const index of model.sessions.keys()) beat(draft, index)
      return { value: 'beaten' }
    case 'startWork': {
      if (own.over !== null) return expired
      return claimed(claim(draft, { ...operation, session, candidates: named(operation.machines) }))
    }
    case 'startWork of what is claimable': {
      if (own.over !== null) return expired
      const { process, limit } = operation
      const seen = look(model, process)
      if (operation.open) return begin(draft, number, session, { kind: 'claim', process, limit, seen }, false)
      return claimed(claim(draft, { session, process, limit, candidates: seen, ignoreBackoff: false }))
    }
    case 'work':
      return work(draft, { ...operation, session, limit: 1, ignoreBackoff: false }, operation, number)
    case 'transact':
      if (own.over !== null) return expired
      if (!rules.mayTransact(own)) return becomeOver(draft, session, 'deleted')
      if (operation.open) return begin(draft, number, session, { kind: 'transact', machine: operation.machine }, true)
      return write(draft, operation.machine, session, number)
    case 'work.transact':
    case 'finish':
    case 'fail':
    case 'cancel':
      return withWork(draft, operation, number)
    case 'go on': {
      const open = openAt(model, operation.which)
      if (open === undefined) return undefined
      model.open = model.open.filter((one) => one !== open)
      draft.ended.set(open.number, goOn(draft, open, observed))
      return { value: 'went on' }
    }
    case 'sweep': {
      const found = [...model.sessions.keys()].filter((index) => model.sessions[index]!.row === 'expired')
      for (const index of found) endConnections(draft, index)
      const ended = found.map((index) => endSession(draft, index, 'Expired'))
      return { value: { sessions: found.length, work: ended.reduce((sum, one) => sum + one, 0) } }
    }
    case 'close session': {
      const before = own.over
      becomeOver(draft, session, 'closed')
      // One that was told that its row is gone does not look for it.
      if (before === 'deleted' || own.row === 'gone') return { value: 'closed' }
      model.journal.push({ event: 'closed', session })
      endSession(draft, session, 'Canceled')
      return { value: 'closed' }
    }
    case 'delete session by force':
      if (own.row === 'gone') return undefined
      if (model.open.some((open) => open.session === session && rules.isInTheWay(open))) return { value: 'locked' }
      model.journal.push({ event: 'closed', session })
      endSession(draft, session, 'Released')
      return { value: 'deleted' }
    case 'release work by force': {
      const held = model.work.find(same(operation))
      if (held === undefined) return undefined
      if (model.open.some((open) => isAbout(model, open, held) && rules.isInTheWay(open))) return { value: 'locked' }
      endWork(draft, held, 'Released')
      return { value: 'released' }
    }
    case 'let backoff pass': {
      const backoff = model.backoffs.find(same(operation))
      // An open finish is about to delete the row, and would be waited for.
      if (backoff === undefined || model.open.some((open) => isAbout(model, open, operation))) return undefined
      backoff.past = true
      return { value: 'passed' }
    }
  }
}

function isAbout(model: Model, { what }: Open, key: Parameters<typeof same>[0]): boolean {
  return 'handle' in what && same(key)(model.handles[what.handle]!)
}

function begin({ model }: Draft, number: number, session: number, what: Open['what'], locks: boolean): 'begun' {
  model.open.push({ number, session, what, locks })
  return 'begun'
}

function beat(draft: Draft, session: number): void {
  const { row, over } = draft.model.sessions[session]!
  if (over !== null) return
  if (row !== 'live') {
    becomeOver(draft, session, row === 'gone' ? 'deleted' : 'deadline')
    return
  }
  for (const handle of draft.model.handles)
    if (handle.session === session && handle.state === 'held' && !draft.rules.stillHolds(draft.model, handle))
      loseHandle(draft, handle)
}

/** What `startWork` and `startWorkMany` return. */
function claimed(end: ReturnType<typeof claim>): Outcome {
  if ('states' in end) return { value: [] }
  return 'claimed' in end ? { value: end.claimed.map(({ machine, token }) => ({ machine, token })) } : end
}

/** `session.work`: claims, writes, finishes. */
function work(
  draft: Draft,
  request: Omit<ClaimRequest, 'candidates'>,
  { machine }: { readonly machine: Handle['machine'] },
  number: number,
): Outcome {
  const { model } = draft
  if (model.sessions[request.session]!.over !== null) return expired
  const end = claim(draft, { ...request, candidates: named([machine]) })
  if ('states' in end) return { code: end.states[0] === 'held' ? 'ERR_WORK_CONFLICT' : 'ERR_WORK_BACKOFF' }
  if (!('claimed' in end)) return end
  const handle = end.claimed[0]!
  const outcome = write(draft, machine, handle.session, number, handle)
  endWork(draft, handle, 'Finished')
  handle.state = 'ended'
  return outcome
}

/** What is done with a handle. */
function withWork(
  draft: Draft,
  operation: Extract<Operation, { readonly work: number }>,
  number: number,
): Step['outcome'] {
  const { model, rules } = draft
  const index = handleAt(model, operation.work)
  const handle = model.handles[index]
  if (handle === undefined) return undefined
  const refused = refusal(model, handle)
  if (refused !== undefined) return refused
  // It would wait for the open one, which must go on first.
  if (model.open.some((open) => isAbout(model, open, handle) && open.session === handle.session)) return undefined
  if (!rules.stillHolds(model, handle)) return foundMissing(draft, handle)
  switch (operation.do) {
    case 'work.transact':
      if (operation.open) return begin(draft, number, handle.session, { kind: 'work.transact', handle: index }, true)
      return write(draft, handle.machine, handle.session, number, handle)
    case 'finish': {
      if (operation.how === 'open') {
        handle.state = 'ending'
        return begin(draft, number, handle.session, { kind: 'finish', handle: index }, true)
      }
      return finish(draft, handle, operation.how === 'with a write' ? number : undefined)
    }
    case 'fail': {
      const last = model.backoffs.find(same(handle))
      model.backoffs = model.backoffs.filter((row) => row !== last)
      model.backoffs.push(rules.backoffAfter(last, handle, operation.exponent))
      endWork(draft, handle, 'Failed')
      break
    }
    case 'cancel':
      endWork(draft, handle, 'Canceled')
  }
  handle.state = 'ended'
  return { value: 'ended' }
}

function finish(draft: Draft, handle: Handle, value: number | undefined): Outcome {
  const outcome = value === undefined ? { value: 'ended' } : write(draft, handle.machine, handle.session, value, handle)
  endWork(draft, handle, 'Finished')
  handle.state = 'ended'
  return outcome
}

/**
 * An open operation goes on to its end. Where it still has its lock nobody could end what it stands on. Otherwise its
 * connection was ended: it begins anew, with its guard.
 */
function goOn(draft: Draft, { number, session, what, locks }: Open, { looks = 1 }: Observed): Outcome {
  const { model, rules } = draft
  if (what.kind === 'claim') {
    const { process, limit } = what
    const claimNow = (candidates: typeof what.seen) =>
      claim(draft, { session, process, limit, candidates, ignoreBackoff: false })
    const first = looks > 1 ? { states: ['lost'] as const } : claimNow(what.seen)
    const again = 'states' in first && first.states.includes('lost')
    const outcome = claimed(again ? claimNow(look(model, process)) : first)
    return 'code' in outcome ? outcome : { value: { looks: again ? Math.max(2, looks) : 1, claimed: outcome.value } }
  }
  if (what.kind === 'transact') {
    const holds = locks || rules.mayTransact(model.sessions[session]!)
    return holds ? write(draft, what.machine, session, number) : becomeOver(draft, session, 'deleted')
  }
  const handle = model.handles[what.handle]!
  if (!locks && !rules.stillHolds(model, handle)) return foundMissing(draft, handle)
  return what.kind === 'finish' ? finish(draft, handle, number) : write(draft, handle.machine, session, number, handle)
}
