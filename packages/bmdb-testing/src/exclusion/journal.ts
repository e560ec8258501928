import type { JournalRow, Violation, ViolationKind } from './observations.ts'

/** The journal of one lock: each token has one start and one end, in the same session; the last one may have no end yet. */
export function journalViolations(rows: readonly JournalRow[]): Violation[] {
  const byToken = new Map<bigint, JournalRow[]>()
  for (const row of rows) {
    const token = BigInt(row.token)
    byToken.set(token, [...(byToken.get(token) ?? []), row])
  }
  const newest = [...byToken.keys()].reduce((one, other) => (one > other ? one : other))
  return [...byToken].flatMap(([token, of]) => {
    const starts = of.filter((row) => row.event === 'Started')
    const ends = of.filter((row) => row.event !== 'Started')
    const { machineId, process } = of[0]!
    const found = (kind: ViolationKind, text: string): Violation => ({
      kind,
      machineId,
      process,
      token,
      message: `token ${token} of ${process} of ${machineId} ${text}`,
    })
    const violations: Violation[] = []
    if (starts.length !== 1) violations.push(found('start', `was started ${starts.length} times`))
    if (ends.length > 1)
      violations.push(found('end', `ended ${ends.length} times: ${ends.map((row) => row.event).join(', ')}`))
    if (ends.length === 0 && token !== newest)
      violations.push(found('end', `never ended, and token ${newest} was started`))
    if (new Set(of.map((row) => row.sessionId)).size > 1)
      violations.push(found('other session', 'was started and ended in different sessions'))
    return violations
  })
}
