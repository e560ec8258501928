import type { Fleet, Page } from '@bmdb/core'
import type { LimitedWait } from './within.ts'

/** How many of each are shown. */
const first = 10
/** Sessions that were lost longer ago are for the history. */
const lostWithinMs = 15 * 60_000

/** What needs attention, but for processes: the first few of each. */
export async function attentionRows(fleet: Fleet, wait: LimitedWait) {
  const { now: at } = await fleet.pulse(wait)
  const [stuck, expired, lost, parked] = await Promise.all([
    firstOf((page) => fleet.work({ stuck: true, ...page, ...wait })),
    firstOf((page) => fleet.sessions({ alive: false, ...page, ...wait })),
    lostSince(fleet, new Date(at.getTime() - lostWithinMs), wait),
    firstOf((page) => fleet.backoffs({ parked: true, order: 'parked', ...page, ...wait })),
  ])
  return { stuck, expired, lost, parked, at }
}

/** With the processes that are paused. */
export function attention<Process extends { pausedAt: Date | null }>(
  found: Awaited<ReturnType<typeof attentionRows>>,
  processes: readonly Process[],
) {
  return { ...found, paused: processes.filter(({ pausedAt }) => pausedAt !== null).slice(0, first) }
}

/** Sessions that expired since then, among the last thousand that ended. */
async function lostSince(fleet: Fleet, since: Date, wait: LimitedWait) {
  const { rows } = await fleet.endedSessions({ limit: 1_000, ...wait })
  return rows.filter(({ how, endedAt }) => how === 'expired' && endedAt >= since).slice(0, first)
}

/** The first few of a list, however far behind they are: a page looks at so many rows only. */
async function firstOf<Row>(
  list: (page: { readonly limit: number; readonly after: string | undefined }) => Promise<Page<Row>>,
): Promise<Row[]> {
  const rows: Row[] = []
  let after: string | undefined
  do {
    const page = await list({ limit: first - rows.length, after })
    rows.push(...page.rows)
    after = page.next ?? undefined
  } while (rows.length < first && after !== undefined)
  return rows
}
