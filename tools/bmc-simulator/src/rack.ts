import { startBmc, type Bmc, type BmcOptions } from './bmc.ts'
import type { Faults } from './faults.ts'

export interface RackOptions extends Omit<BmcOptions, 'index' | 'port' | 'faults'> {
  /** How many BMCs; 1 to 1000. */
  readonly count: number
  /** The first BMC's port, the others' follow; 0: whichever are free. @default 0 */
  readonly firstPort?: number | undefined
  /** What is wrong with the BMCs from the start. @default nothing */
  readonly faults?: Faults | undefined
  /** The index of the only BMC that has the faults. @default all have them */
  readonly faultOn?: number | undefined
}

/** BMCs that are listening, by index. */
export interface Rack {
  readonly bmcs: readonly Bmc[]
  /** Closes all of them. Twice is harmless. */
  close(): Promise<void>
}

/**
 * Starts a rack of simulated BMCs, each with hardware of its own. If one cannot start, none stays.
 *
 * @throws RangeError for a count, port or index out of range
 * @throws Error as `startBmc` does
 */
export async function startRack(options: RackOptions): Promise<Rack> {
  const { count, firstPort = 0, faults, faultOn, ...common } = options
  checkWhole('count', count, 1, 1000)
  checkWhole('firstPort', firstPort, 0, 65_536 - count)
  if (faultOn !== undefined) checkWhole('faultOn', faultOn, 0, count - 1)
  const bmcs: Bmc[] = []
  const close = async () => {
    await Promise.all(bmcs.map((bmc) => bmc.close()))
  }
  try {
    for (let index = 0; index < count; index++) {
      const port = firstPort === 0 ? 0 : firstPort + index
      const faulty = faultOn === undefined || faultOn === index
      bmcs.push(await startBmc({ ...common, index, port, faults: faulty ? faults : undefined }))
    }
  } catch (error) {
    await close()
    throw error
  }
  return { bmcs, close }
}

function checkWhole(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return
  throw new RangeError(`${name} must be a whole number from ${low} to ${high}, not ${value}`)
}
