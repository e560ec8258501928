import { performance } from 'node:perf_hooks'
import { isBMDBError, type Session, type Work } from '@bmdb/core'
import type { CommandEnd, CommandGroup } from './command-group.ts'
import type { PassedOn, Signals } from './signals.ts'

/**
 * Why a command was stopped:
 * - `signal`: this program was asked to stop, and passed it on.
 * - `silence`: no beat reached the database for long; the work may still be held.
 * - `released`: an operator asked for the work.
 * - `lost`: it is not held any more.
 */
export type StopReason = 'signal' | 'silence' | 'released' | 'lost'

/** For {@link supervise}. */
export interface Supervision {
  readonly group: CommandGroup
  readonly session: Pick<Session, 'remainingMs'>
  readonly work: Pick<Work, 'signal'>
  readonly signals: Pick<Signals, 'passTo'>
  /** Without a beat for so long that less than this is left of the lease, the command is asked to end. */
  readonly silenceMs: number
  /** How long it has from SIGTERM to SIGKILL. */
  readonly killAfterMs: number
  /** Whether the work is still this holder's; asked after a release, which may be by force. */
  readonly stillHeld: () => Promise<boolean>
}

/** What became of the command. */
export interface Supervised {
  readonly end: CommandEnd
  readonly stopped: StopReason | undefined
}

/** A terminal and a launcher may each send their own: one request. See `stopOnSignals`. */
const sameRequestMs = 250
const askEveryMs = 200

/**
 * Waits for a command, and stops it in time:
 *
 *     running ──less than `silenceMs` left · released──▶ SIGTERM ──`killAfterMs`──▶ SIGKILL
 *        └──────────── lost, or the lease is over ──────────────────────────────────▶ SIGKILL
 *
 * The lease's end is the holder's own, by a monotonic clock and before the database's: whatever became of the network,
 * the command is dead before anybody can take over.
 */
export async function supervise(supervision: Supervision): Promise<Supervised> {
  const { group, work } = supervision
  const timers = new Set<ReturnType<typeof setTimeout>>()
  let over = false
  const later = (ms: number, then: () => void): void => {
    if (over) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      then()
    }, ms)
    timers.add(timer)
  }
  let stopped: StopReason | undefined
  let asked = false
  const askToEnd = (): void => {
    if (asked) return
    asked = true
    group.signal('SIGTERM')
    later(supervision.killAfterMs, () => group.signal('SIGKILL'))
  }
  const lost = (): void => {
    stopped = 'lost'
    group.signal('SIGKILL')
  }
  const onAbort = (): void => {
    const reason: unknown = work.signal.reason
    const released = isBMDBError(reason, 'ERR_WORK_LOST') && 'reason' in reason && reason.reason === 'released'
    if (!released) return lost()
    stopped ??= 'released'
    askToEnd()
    watchRelease(supervision, later, lost)
  }
  watchLease(supervision, later, lost, () => {
    stopped ??= 'silence'
    askToEnd()
  })
  if (work.signal.aborted) onAbort()
  else work.signal.addEventListener('abort', onAbort, { once: true })
  passOnSignals(supervision, () => (stopped ??= 'signal'))
  try {
    const end = await group.ended
    const why = stopped
    // What it left in the background works on without a lock.
    if (group.left) askToEnd()
    await group.gone()
    return { end, stopped: stopped === 'lost' ? 'lost' : why }
  } finally {
    work.signal.removeEventListener('abort', onAbort)
    over = true
    for (const timer of timers) clearTimeout(timer)
  }
}

type Later = (ms: number, then: () => void) => void

/** Follows what is left of the lease. */
function watchLease(
  { session, silenceMs }: Supervision,
  later: Later,
  onOver: () => void,
  onSilence: () => void,
): void {
  const look = (): void => {
    const leftMs = session.remainingMs()
    if (leftMs <= 0) return onOver()
    if (leftMs <= silenceMs) onSilence()
    later(leftMs <= silenceMs ? Math.min(leftMs, 50) : leftMs - silenceMs, look)
  }
  look()
}

/** After a release the work may be taken away at any time, and its signal does not tell again. */
function watchRelease({ stillHeld }: Supervision, later: Later, onTaken: () => void): void {
  const look = (): void => {
    stillHeld().then(
      (held) => (held ? later(askEveryMs, look) : onTaken()),
      // The database does not answer: the lease tells when it is over.
      () => later(askEveryMs, look),
    )
  }
  look()
}

function passOnSignals({ signals, group }: Supervision, onFirst: () => void): void {
  let firstMs: number | undefined
  signals.passTo((name: PassedOn) => {
    onFirst()
    // A second request is meant.
    if (firstMs !== undefined && performance.now() - firstMs >= sameRequestMs) return group.signal('SIGKILL')
    firstMs ??= performance.now()
    group.signal(name)
  })
}
