// What must be true of the model whatever is done: the promises, said of what happened and not of how it is done.
import { keyOf, machines, processes, type Entry, type Held, type Model } from './model.ts'

const ends = ['Finished', 'Failed', 'Canceled', 'Expired', 'Released']

/** The invariants that do not hold after a step; none, if all is well. */
export function violations(before: Model, after: Model): string[] {
  return [
    ...oneHolder(after),
    ...tokensGrow(before, after),
    ...history(after),
    ...nothingAfterLoss(after),
    ...onlyWhoRanOutIsEnded(after),
    ...backoffs(after),
  ]
}

/** Promise 1. */
function oneHolder({ work, sessions }: Model): string[] {
  const keys = work.map(keyOf)
  return [
    ...keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => `${key} has two holders`),
    ...work.filter((held) => sessions[held.session]!.row === 'gone').map((held) => `${keyOf(held)} is held by nobody`),
  ]
}

/** Promise 8. */
function tokensGrow(before: Model, after: Model): string[] {
  const fallen = Object.entries(before.tokens).filter(([key, token]) => (after.tokens[key] ?? 0) < token)
  const stale = after.work.filter((held) => after.tokens[keyOf(held)] !== held.token)
  return [
    ...fallen.map(([key]) => `the token of ${key} fell`),
    ...stale.map((held) => `${keyOf(held)} is held with a token that is not the last one`),
  ]
}

/** Promise 9: each token starts once, ends at most once, and is held until then; one after the other. */
function history({ journal, work }: Model): string[] {
  const found: string[] = []
  for (const machine of machines)
    for (const process of processes) {
      const key = keyOf({ machine, process })
      const events = journal.filter((entry): entry is Entry & Held => 'process' in entry && keyOf(entry) === key)
      let held: Held | undefined
      let last = 0
      for (const entry of events) {
        const { event, token } = entry
        if (event === 'Started') {
          if (held !== undefined) found.push(`${key} started as ${token} before ${held.token} had ended`)
          if (token !== last + 1) found.push(`${key} started as ${token} after ${last}`)
          held = entry
          last = token
        } else if (ends.includes(event)) {
          if (held?.token !== token || held.session !== entry.session)
            found.push(`${key} ended as ${token} (${event}) without being held as that`)
          held = undefined
        }
      }
      if (work.find((row) => keyOf(row) === key)?.token !== held?.token)
        found.push(`${key} is held otherwise than its history says`)
    }
  return found
}

/** Promise 2. */
function nothingAfterLoss({ journal }: Model): string[] {
  const found: string[] = []
  const removed = new Set<number>()
  const over = new Set<string>()
  for (const entry of journal) {
    if (removed.has(entry.session))
      found.push(`session ${entry.session} did something after it was gone: ${entry.event}`)
    if (entry.event === 'removed') removed.add(entry.session)
    else if (entry.event === 'wrote') {
      const { under } = entry
      if (under !== null && over.has(`${keyOf(under)} ${under.token}`))
        found.push(`${keyOf(under)} was written under token ${under.token}, which had ended`)
    } else if ('process' in entry && entry.event !== 'Started') over.add(`${keyOf(entry)} ${entry.token}`)
  }
  return found
}

/** Promise 13, and the other half of promise 4. */
function onlyWhoRanOutIsEnded({ journal }: Model): string[] {
  const mayGo = new Set<number>()
  const found: string[] = []
  for (const entry of journal) {
    if (entry.event === 'ran out' || entry.event === 'closed') mayGo.add(entry.session)
    if ((entry.event === 'removed' || entry.event === 'Expired') && !mayGo.has(entry.session))
      found.push(`session ${entry.session} was ended although it was alive`)
  }
  return found
}

/** A failure keeps the process away until it finishes: `cancel`, expiry and release leave the backoff as it is. */
function backoffs({ journal, backoffs: rows }: Model): string[] {
  const found: string[] = []
  for (const machine of machines)
    for (const process of processes) {
      const key = keyOf({ machine, process })
      const last = journal.findLast(
        (entry) =>
          'process' in entry && keyOf(entry) === key && (entry.event === 'Failed' || entry.event === 'Finished'),
      )
      const there = rows.some((row) => keyOf(row) === key)
      if (there !== (last?.event === 'Failed')) found.push(`${key} ${there ? 'has' : 'has no'} backoff`)
    }
  return found
}
