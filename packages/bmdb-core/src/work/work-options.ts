import type { WaitOptions } from '../limit.ts'

/** Options of `work.fail`. */
export interface FailOptions extends WaitOptions {
  /** At so many failures without a success in between, from 1, the machine is parked for the process. Default: never. */
  readonly maxAttempts?: number | undefined
}

/** Options of `work.progress`. */
export interface ProgressOptions extends WaitOptions {
  /** Without a further report within so many whole seconds, up to a year, the work counts as stuck. Default: never. */
  readonly deadlineSeconds?: number | undefined
}
