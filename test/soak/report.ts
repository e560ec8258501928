import type { Result } from './soak.ts'
import { tally } from './figures.ts'

/** How many violations of a kind are shown. */
const shownOfKind = 5

/** The figures and the verdict, for a person. */
export function report({ faults, figures, violations, seconds }: Result): string[] {
  const total = [...faults.values()].reduce((sum, times) => sum + times, 0)
  const { takeovers, unknown, untold } = figures
  const kinds = tally(violations.map(({ kind }) => kind))
  const shown = Object.keys(kinds).flatMap((kind) =>
    violations
      .filter((one) => one.kind === kind)
      .slice(0, shownOfKind)
      .map(({ message }) => `  ${kind}: ${message}`),
  )
  return [
    `${total} faults in ${seconds} s: ${list(Object.fromEntries([...faults].sort(([, a], [, b]) => b - a)))}`,
    `${figures.claims} claims, ${figures.increments} increments, ends: ${list(figures.ends)}`,
    `${takeovers.count} takeovers, after the deadline by: median ${inMs(takeovers.medianMs)}, ` +
      `maximum ${inMs(takeovers.maximumMs)} (without ${takeovers.duringOutages} for which the database was away)`,
    `retries: ${list(figures.retries)}`,
    `sessions ended: ${list(figures.sessionsEnded)}`,
    `errors that workers were given: ${list(figures.errors)}`,
    `ambiguous commits: ${unknown.committed + unknown.notCommitted} reported as unknown ` +
      `(${unknown.committed} turned out committed, ${unknown.notCommitted} not), ` +
      `${untold.committed + untold.notCommitted} under way when their program was killed ` +
      `(${untold.committed} committed, ${untold.notCommitted} not)`,
    `lost increments: ${kinds['lost'] ?? 0}, doubled: ${kinds['doubled'] ?? 0}`,
    `writes outside the database: ${figures.acceptedWrites} accepted, ${figures.refusedWrites} stale ones refused`,
    `violations: ${violations.length === 0 ? 'none' : list(kinds)}`,
    ...shown,
  ]
}

/** The same, for a program. */
export function asJson(result: Result): object {
  return { ...result, faults: Object.fromEntries(result.faults) }
}

function list(times: Readonly<{ [name: string]: number }>): string {
  const entries = Object.entries(times).map(([name, count]) => `${count} × ${name}`)
  return entries.length === 0 ? 'none' : entries.join(', ')
}

function inMs(ms: number | null): string {
  return ms === null ? 'not known' : `${Math.round(ms)} ms`
}
