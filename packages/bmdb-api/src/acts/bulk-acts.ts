import type { ActOptions, BackoffRow, Fleet, HeldWorkRow, Operator, Page, PageOptions, SessionRow } from '@bmdb/core'
import type { BulkVerbBody, BulkVerbName } from '../contract/index.ts'
import { badRequest } from '../problem/problem-error.ts'

/** A list, and what is done to each of its rows. */
export interface BulkAct<Filter, Row> {
  /** In the order of a key that acting does not change. @param before - only what had begun by then */
  list(fleet: Fleet, filter: Filter, page: PageOptions, before: Date): Promise<Page<Row>>
  /** @returns whether something was changed */
  act(operator: Operator, row: Row, filter: Filter, options: ActOptions): Promise<boolean>
  /** What a row is called, such as `Inventory on machine …`. */
  name(row: Row): string
  /** How long each may wait for its holder, in seconds. */
  graceSeconds?(filter: Filter): number
}

type Filter<Name extends BulkVerbName> = BulkVerbBody<Name>['filter']

interface Rows {
  releaseMatching: HeldWorkRow
  clearBackoffsMatching: BackoffRow
  unparkMatching: BackoffRow
  endSessionsMatching: SessionRow
}

const onMachine = (row: { process: string; machineId: string }): string => `${row.process} on machine ${row.machineId}`

/** What each bulk verb does. */
export const bulkActs: { readonly [Name in BulkVerbName]: BulkAct<Filter<Name>, Rows[Name]> } = {
  releaseMatching: {
    list: (fleet, { graceSeconds: _grace, ...filter }, page, startedBy) =>
      fleet.work({ ...filter, startedBy, ...page }),
    async act(operator, { machineId, process, token }, filter, options) {
      // Only what was listed: what was claimed since then goes on.
      const graceSeconds = graceOf(filter)
      const { outcome } = await operator.release(machineId, process, { ...options, token, graceSeconds })
      return outcome !== 'not held'
    },
    name: onMachine,
    graceSeconds: graceOf,
  },
  clearBackoffsMatching: {
    list(fleet, filter, page) {
      if (filter.parked === true) throw badRequest('filter.parked is true: what is parked is unparked, not cleared.')
      return fleet.backoffs({ ...filter, parked: false, ...page })
    },
    act: (operator, { machineId, process }, _filter, options) => operator.clearBackoff(machineId, process, options),
    name: onMachine,
  },
  unparkMatching: {
    list(fleet, filter, page) {
      if (filter.parked === false) throw badRequest('filter.parked is false: only what is parked can be unparked.')
      return fleet.backoffs({ ...filter, parked: true, ...page })
    },
    act: (operator, { machineId, process }, _filter, options) => operator.unpark(machineId, process, options),
    name: onMachine,
  },
  endSessionsMatching: {
    // Programs start others at once for those that are ended.
    list: (fleet, filter, page, startedBy) => fleet.sessions({ ...filter, startedBy, ...page }),
    act: (operator, { id }, _filter, options) => operator.endSession(id, options),
    name: ({ id, component }) => `session ${id} of ${component}`,
  },
}

function graceOf({ graceSeconds = 0 }: { graceSeconds?: number }): number {
  return graceSeconds
}
