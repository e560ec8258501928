import { setTimeout as sleep } from 'node:timers/promises'
import { networkFaults } from './network-faults.ts'
import type { FaultKind, PlannedFault } from './plan.ts'
import { programFaults } from './program-faults.ts'
import type { World } from './world.ts'

/** One fault that is due. */
export interface Due {
  readonly world: World
  readonly planned: PlannedFault
  /** Its abort ends at once what takes a while. */
  readonly signal: AbortSignal
  /** Told once it happens; never, if there is nobody to whom it could. */
  readonly happened: () => void
}

/** How long clients may take to find that the database is back. */
const reconnectMs = 2_000

/** Makes it happen. Resolves when it is undone, if it is one that takes a while. */
export type Fault = (due: Due) => Promise<void> | void

export const faults: Readonly<Record<FaultKind, Fault>> = {
  ...programFaults,
  ...networkFaults,
  'restart the database': async ({ world, planned: { variant, length }, signal, happened }) => {
    const { database, happenings } = world
    if (database === undefined || database.busy) return
    database.busy = true
    happened()
    const fromMs = Date.now()
    try {
      await (variant < 0.6 ? database.kill() : database.stop(variant < 0.8 ? 'immediate' : 'fast'))
      await sleep(length * 2_000, undefined, { signal }).catch(() => {})
      await database.start()
    } finally {
      happenings.outages.push({ fromMs, toMs: Date.now() + reconnectMs })
      database.busy = false
    }
  },
}
