import { journalViolations } from './journal.ts'
import type { Hold, JournalRow, Lock, OutsideWrite, Pause, Violation } from './observations.ts'
import { activeSpans, overlapNs, type Span } from './windows.ts'

/** What was seen. */
export interface Observations {
  readonly holds: readonly Hold[]
  readonly pauses?: readonly Pause[] | undefined
  readonly outside?: readonly OutsideWrite[] | undefined
  readonly journal?: readonly JournalRow[] | undefined
  /** Milliseconds that a continued program may take until it learns that it lost its lock. @default 500 */
  readonly wakeUpMs?: number | undefined
}

/**
 * Judges whether locks excluded each other. The journal alone could not convict, since it is written under the lock: it is
 * only asked for one start and one end of each token. What convicts are the holders' own windows, and what reached the
 * outside.
 *
 * A holder that was stopped, or dead, did nothing meanwhile: only its active time counts. One that goes on after it was
 * continued, for longer than `wakeUpMs`, is convicted.
 *
 * @returns what went wrong; nothing if all is well
 */
export function checkExclusion(observations: Observations): Violation[] {
  const { holds, pauses = [], outside = [], journal = [], wakeUpMs = 500 } = observations
  const wakeUpNs = BigInt(Math.round(wakeUpMs * 1e6))
  return [
    ...byLock(holds).flatMap((group) => overlaps(group, pauses, wakeUpNs)),
    ...byLock(outside).flatMap(staleWrites),
    ...byLock(journal).flatMap(journalViolations),
  ]
}

function overlaps(holds: readonly Hold[], pauses: readonly Pause[], wakeUpNs: bigint): Violation[] {
  const windows = holds
    .map((hold) => ({ hold, spans: activeSpans(hold, pauses, wakeUpNs) }))
    .sort((a, b) => (a.hold.fromNs < b.hold.fromNs ? -1 : 1))
  return windows.flatMap(({ hold, spans }, index) =>
    windows.slice(index + 1).flatMap((other) => {
      const atNs = firstOverlapNs(spans, other.spans)
      if (atNs === undefined) return []
      const { machineId, process } = hold
      const message =
        `${hold.holder} (token ${hold.token}) and ${other.hold.holder} (token ${other.hold.token}) ` +
        `both held ${process} of ${machineId} at ${atNs} ns`
      return [{ kind: 'overlap' as const, machineId, process, token: other.hold.token, message }]
    }),
  )
}

function firstOverlapNs(some: readonly Span[], others: readonly Span[]): bigint | undefined {
  const all = some.flatMap((one) => others.map((other) => overlapNs(one, other)))
  return all.filter((atNs) => atNs !== undefined).sort((a, b) => (a < b ? -1 : 1))[0]
}

function staleWrites(writes: readonly OutsideWrite[]): Violation[] {
  let newest: OutsideWrite | undefined
  return [...writes]
    .filter((write) => write.accepted)
    .sort((a, b) => (a.atNs < b.atNs ? -1 : 1))
    .flatMap((write) => {
      if (newest === undefined || write.token >= newest.token) {
        newest = write
        return []
      }
      const { machineId, process, token } = write
      const message = `a write of ${write.holder} with token ${token} was accepted after one with token ${newest.token}`
      return [{ kind: 'stale write' as const, machineId, process, token, message }]
    })
}

function byLock<T extends Lock>(all: readonly T[]): T[][] {
  const groups = new Map<string, T[]>()
  for (const one of all) {
    const key = `${one.machineId} ${one.process}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return [...groups.values()]
}
