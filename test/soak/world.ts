import type { PrivateServer } from '@bmdb/embedded'
import type { WireProxy } from '@bmdb/testing'
import type { LedgerKeeper } from './ledger.ts'
import type { Happenings, Slot } from './slot.ts'

/** A proxy between some of the programs and the database. */
export interface Line {
  readonly proxy: WireProxy
  /** The tormentor is at it. */
  busy: boolean
}

/** Everything that there is to torment. */
export interface World {
  readonly intervalMs: number
  readonly workers: readonly Slot[]
  readonly collectors: readonly Slot[]
  readonly lines: readonly Line[]
  /** Its server, if it may be restarted. */
  readonly database: (PrivateServer & { busy: boolean }) | undefined
  readonly ledger: LedgerKeeper
  readonly happenings: Happenings
}

/** One of those that are free, if any is. @param target - from 0 up to 1 */
export function oneOf<T>(list: readonly T[], target: number): T | undefined {
  return list[Math.floor(target * list.length)]
}
