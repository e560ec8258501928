import type { ActOptions, Connection, PrismaClient } from '@bmdb/core'
import type { BulkDone } from '../contract/index.ts'
import type { LimitedWait } from '../fleet/within.ts'
import { badRequest } from '../problem/problem-error.ts'
import { problemOf } from '../problem/problem-of.ts'
import type { BulkAct } from './bulk-acts.ts'

/** What one call acts on, and how much of it at a time. */
const acted = { rows: 100, atATime: 8 }
/** Where holders are given time, all of a call's wait together, so that it takes no longer than one of them. */
const waiting = { rows: 25, atATime: 25 }
/** What one call counts. */
const counted = 1_000
const mostFailures = 10

/** What a call brings. */
export interface BulkBody<Filter> {
  readonly reason?: string
  readonly after?: string
  readonly before?: string
  readonly dryRun?: boolean
  readonly filter: Filter
}

/** Acts on one part of all that matches. What fails is told, and does not keep the rest from being done. */
export async function performBulk<Filter, Row>(
  connection: Connection<PrismaClient>,
  operatorName: string,
  bulk: BulkAct<Filter, Row>,
  { filter, reason, after, before, dryRun = false }: BulkBody<Filter>,
  wait: () => LimitedWait,
): Promise<BulkDone> {
  if (reason === undefined && !dryRun) throw badRequest('The body lacks "reason".')
  const { rows: many, atATime } = (bulk.graceSeconds?.(filter) ?? 0) > 0 ? waiting : acted
  const page = { limit: dryRun ? counted : many, after, ...wait() }
  const begun = before === undefined ? (await connection.fleet.pulse(wait())).now : new Date(before)
  const at = begun.toISOString()
  const { rows, next } = await bulk.list(connection.fleet, filter, page, begun)
  if (dryRun || reason === undefined) return { at, matched: rows.length, done: 0, failed: 0, failures: [], next }
  const operator = connection.operator(operatorName)
  const failures: BulkDone['failures'] = []
  let done = 0
  const left = rows.values()
  const actOnSome = async (): Promise<void> => {
    for (const row of left) {
      try {
        const options: ActOptions = { ...wait(), reason }
        if (await bulk.act(operator, row, filter, options)) done += 1
      } catch (error) {
        // Nobody would read what came of the rest.
        if (wait().signal?.aborted === true) throw error
        failures.push({ what: bulk.name(row), detail: problemOf(error).problem.detail })
      }
    }
  }
  await Promise.all(Array.from({ length: atATime }, actOnSome))
  const failed = failures.length
  return { at, matched: rows.length, done, failed, failures: failures.slice(0, mostFailures), next }
}
