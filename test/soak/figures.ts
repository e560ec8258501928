import type { Evidence } from './verdict.ts'

/** Takeovers of work whose session had expired. */
export interface Takeovers {
  readonly count: number
  /** Those in whose time the database was away. */
  readonly duringOutages: number
  /** Of the others: from the deadline to the next start, by the database's clock; null where that is not known. */
  readonly medianMs: number | null
  readonly maximumMs: number | null
  /** Each of these, the shortest first. */
  readonly delaysMs: readonly number[]
}

/** How increments ended whose workers were not told. */
export interface Ambiguous {
  readonly committed: number
  readonly notCommitted: number
}

/** What came about, in numbers. */
export interface Figures {
  readonly claims: number
  readonly increments: number
  readonly ends: Readonly<{ [event: string]: number }>
  readonly takeovers: Takeovers
  /** Attempts of transactions that were repeated, by SQLSTATE or `connection`. */
  readonly retries: Readonly<{ [reason: string]: number }>
  readonly sessionsEnded: Readonly<{ [reason: string]: number }>
  readonly errors: Readonly<{ [code: string]: number }>
  /** Increments whose call rejected with ERR_COMMIT_OUTCOME_UNKNOWN. */
  readonly unknown: Ambiguous
  /** Increments whose program was killed before it was told. */
  readonly untold: Ambiguous
  readonly acceptedWrites: number
  readonly refusedWrites: number
}

export function figuresOf(evidence: Evidence): Figures {
  const { records, ledger, outside } = evidence
  const all = [...records.values()].flat()
  const marks = new Set(ledger.marks.map(({ incrementId }) => incrementId))
  const told = new Map(all.flatMap((one) => (one.is === 'told' ? [[one.id, one.outcome] as const] : [])))
  const ids = all.flatMap((one) => (one.is === 'increment' ? [one.id] : []))
  const ambiguous = (some: readonly string[]): Ambiguous => {
    const committed = some.filter((id) => marks.has(id)).length
    return { committed, notCommitted: some.length - committed }
  }
  return {
    claims: ledger.journal.filter(({ event }) => event === 'Started').length,
    increments: ledger.marks.length,
    ends: tally(ledger.journal.flatMap(({ event }) => (event === 'Started' ? [] : [event]))),
    takeovers: takeoversOf(evidence),
    retries: tally(all.flatMap((one) => (one.is === 'retry' ? [one.reason] : []))),
    sessionsEnded: tally(all.flatMap((one) => (one.is === 'lost' ? [one.reason] : []))),
    errors: tally(all.flatMap((one) => (one.is === 'error' ? [one.code] : []))),
    unknown: ambiguous(ids.filter((id) => told.get(id) === 'unknown')),
    untold: ambiguous(ids.filter((id) => !told.has(id))),
    acceptedWrites: outside.filter(({ accepted }) => accepted).length,
    refusedWrites: outside.filter(({ accepted }) => !accepted).length,
  }
}

/** Starts that followed on an expiry, and how long after the deadline of the session that had expired. */
function takeoversOf({ ledger: { journal, deadlines }, happenings: { outages } }: Evidence): Takeovers {
  const starts = new Map(
    journal.flatMap((row) => (row.event === 'Started' ? [[`${row.machineId} ${row.token}`, row.atMs] as const] : [])),
  )
  let count = 0
  let duringOutages = 0
  const delaysMs: number[] = []
  for (const row of journal) {
    const startMs = row.event === 'Expired' ? starts.get(`${row.machineId} ${row.token + 1n}`) : undefined
    if (startMs === undefined) continue
    count += 1
    const deadlineMs = deadlines?.get(row.sessionId)
    if (deadlineMs === undefined) continue
    if (outages.some(({ fromMs, toMs }) => fromMs < startMs && toMs > deadlineMs)) duringOutages += 1
    else delaysMs.push(startMs - deadlineMs)
  }
  delaysMs.sort((a, b) => a - b)
  const medianMs = delaysMs[Math.floor(delaysMs.length / 2)] ?? null
  return { count, duringOutages, medianMs, maximumMs: delaysMs.at(-1) ?? null, delaysMs }
}

/** How often each occurs, the most frequent first. */
export function tally(names: readonly string[]): { [name: string]: number } {
  const times = new Map<string, number>()
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1)
  return Object.fromEntries([...times].sort(([, a], [, b]) => b - a))
}
