import type { Connection, SweepResult } from '@bmdb/core'
import type { Unanswered } from './unanswered.ts'

/** A sweep that takes longer counts as failed; what it removed until then stays removed. */
const defaultTimeoutMs = 10_000

/** What one pass removed. */
export interface PassResult extends SweepResult {
  /** It hit its limit, so there may be more. */
  readonly full: boolean
  /** The database was away when it began: it tried until that was over. */
  readonly outlasted: boolean
}

/** One sweep. Rejects if it fails, and when the signal aborts. */
export type Pass = (signal: AbortSignal) => Promise<PassResult>

/** For {@link sweepPass}. */
export interface PassSettings {
  /** Sessions removed at most. */
  readonly limit: number
  /** Only sessions whose deadline passed at least this long ago. */
  readonly graceSeconds: number
  /** Default 10 000. */
  readonly timeoutMs?: number | undefined
}

/**
 * The collector's pass over a database.
 * @param unanswered - listens to what the connection counts; without one no pass is known to have outlasted an outage
 */
export function sweepPass(
  connection: Pick<Connection, 'sweep'>,
  settings: PassSettings,
  unanswered?: Pick<Unanswered, 'take'>,
): Pass {
  const { limit, graceSeconds, timeoutMs = defaultTimeoutMs } = settings
  return async (signal) => {
    unanswered?.take()
    const swept = await connection.sweep({ limit, graceSeconds, timeoutMs, signal })
    return { ...swept, full: swept.sessions >= limit, outlasted: unanswered?.take() ?? false }
  }
}
