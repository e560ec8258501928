import { checkExclusion, type Hold, type OutsideWrite, type Pause } from '@bmdb/testing'
import type { Ledger, Mark } from './ledger.ts'
import { processName } from './orders.ts'
import type { Note } from './records.ts'
import type { Happenings } from './slot.ts'

/** How long a program that goes on may take until it notices what it lost. */
const wakeUpMs = 300

/** Everything that is known in the end. */
export interface Evidence {
  readonly records: ReadonlyMap<string, readonly Note[]>
  readonly outside: readonly OutsideWrite[]
  readonly ledger: Ledger
  readonly happenings: Happenings
  /** By how much two times of the database's clock may be off from each other. */
  readonly clockErrorMs: number
}

/** Something that must not be. */
export interface Violation {
  readonly kind: string
  readonly message: string
}

/** What the evidence convicts of; nothing, if all is well. */
export function judge(evidence: Evidence): Violation[] {
  const { ledger, happenings, records } = evidence
  const violations: Violation[] = checkExclusion({
    holds: holdsOf(records),
    pauses: [...happenings.pauses, ...starvationOf(records)],
    outside: evidence.outside,
    journal: ledger.journal,
    wakeUpMs,
  }).map(({ kind, message }) => ({ kind, message }))
  violations.push(...lossesOf(evidence), ...staleMarks(evidence), ...falseTakeovers(evidence))
  for (const [name, list] of records)
    for (const record of list)
      if (record.is === 'unexpected') violations.push({ kind: 'unexpected-error', message: `${name}: ${record.error}` })
  for (const message of happenings.crashes) violations.push({ kind: 'crash', message })
  if (ledger.leftWork > 0)
    violations.push({ kind: 'left-lock', message: `${ledger.leftWork} locks outlived everybody who could hold them` })
  if (ledger.marks.length === 0)
    violations.push({ kind: 'nothing-done', message: 'nothing was counted, and so nothing was shown' })
  return violations
}

function holdsOf(records: Evidence['records']): Hold[] {
  const holds: Hold[] = []
  for (const [holder, list] of records) {
    const ends = new Map<string, bigint>()
    for (const one of list) if (one.is === 'stopped') ends.set(`${one.machineId} ${one.token}`, BigInt(one.ns))
    for (const one of list)
      if (one.is === 'claimed')
        holds.push({
          machineId: one.machineId,
          process: processName,
          token: BigInt(one.token),
          holder,
          fromNs: BigInt(one.ns),
          toNs: ends.get(`${one.machineId} ${one.token}`),
        })
  }
  return holds
}

function starvationOf(records: Evidence['records']): Pause[] {
  return [...records].flatMap(([holder, list]) =>
    list.flatMap((one) =>
      one.is === 'starved' ? [{ holder, fromNs: BigInt(one.fromNs), toNs: BigInt(one.toNs) }] : [],
    ),
  )
}

/** Increments by what their workers were told, held against their marks and the counters. */
export function lossesOf({ records, ledger }: Pick<Evidence, 'records' | 'ledger'>): Violation[] {
  const violations: Violation[] = []
  const times = new Map<string, number>()
  const byMachine = new Map<string, Mark[]>()
  for (const mark of ledger.marks) {
    times.set(mark.incrementId, (times.get(mark.incrementId) ?? 0) + 1)
    byMachine.set(mark.machineId, [...(byMachine.get(mark.machineId) ?? []), mark])
  }
  for (const [id, count] of times)
    if (count > 1) violations.push({ kind: 'doubled', message: `increment ${id} was committed ${count} times` })
  for (const [name, list] of records)
    for (const one of list) {
      if (one.is !== 'told') continue
      if (one.outcome === 'committed' && !times.has(one.id))
        violations.push({ kind: 'lost', message: `increment ${one.id} of ${name} was reported as done, and is not` })
      if (one.outcome === 'failed' && times.has(one.id))
        violations.push({
          kind: 'doubled',
          message: `increment ${one.id} of ${name} was reported as failed (${one.error}), and is done`,
        })
    }
  for (const machineId of ledger.machineIds) {
    const marks = byMachine.get(machineId) ?? []
    const count = ledger.counters.get(machineId)
    if (count !== marks.length)
      violations.push({ kind: 'lost', message: `${machineId} counts ${count} after ${marks.length} increments` })
    marks.forEach((mark, index) => {
      if (mark.count !== index + 1)
        violations.push({ kind: 'lost', message: `${machineId}: increment ${index + 1} made it ${mark.count}` })
    })
  }
  return violations
}

/** Increments that were committed by whoever did not hold the machine any more. */
export function staleMarks({ ledger, clockErrorMs }: Pick<Evidence, 'ledger' | 'clockErrorMs'>): Violation[] {
  const violations: Violation[] = []
  const ends = new Map(
    ledger.journal
      .filter(({ event }) => event !== 'Started')
      .map((row) => [`${row.machineId} ${row.token}`, row] as const),
  )
  let before: Mark | undefined
  for (const mark of ledger.marks) {
    const { machineId, token, kind, atMs } = mark
    const what = `${kind} of increment ${mark.incrementId} on ${machineId}, token ${token}`
    if (before?.machineId === machineId && token < before.token)
      violations.push({ kind: 'write-after-loss', message: `${what}: committed after one of token ${before.token}` })
    before = mark
    const end = ends.get(`${machineId} ${token}`)
    if (end === undefined) continue
    if (kind === 'finish') {
      if (end.event !== 'Finished')
        violations.push({ kind: 'write-after-loss', message: `${what}: committed, and the work ended ${end.event}` })
    } else if (atMs > end.atMs + clockErrorMs)
      violations.push({
        kind: 'write-after-loss',
        message: `${what}: written ${Math.round(atMs - end.atMs)} ms after the work had ended (${end.event})`,
      })
  }
  return violations
}

/** Tokens that did not grow from start to start, and sessions that were ended as expired before their deadline. */
export function falseTakeovers({ ledger, clockErrorMs }: Pick<Evidence, 'ledger' | 'clockErrorMs'>): Violation[] {
  const violations: Violation[] = []
  const newest = new Map<string, bigint>()
  for (const { event, machineId, token, sessionId, atMs } of ledger.journal) {
    const before = newest.get(machineId) ?? 0n
    if (event === 'Started') {
      if (token <= before)
        violations.push({ kind: 'token', message: `${machineId}: token ${token} was started after token ${before}` })
      newest.set(machineId, token)
    }
    const earlyMs = (ledger.deadlines?.get(sessionId) ?? -Infinity) - atMs - clockErrorMs
    if (event === 'Expired' && earlyMs > 0)
      violations.push({
        kind: 'early-takeover',
        message: `${machineId}: session ${sessionId} was ended ${Math.round(earlyMs)} ms before its deadline`,
      })
  }
  return violations
}
