import { isBMDBError, type Backoff, type Connection, type PrismaClient, type Session, type Work } from '@bmdb/core'
import { failureLine } from '@bmdb/program'
import { exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { withPatience } from './claim.ts'
import { CommandGroup, CommandNotStartedError, type CommandEnd } from './command-group.ts'
import type { Signals } from './signals.ts'
import { supervise, type StopReason, type Supervised } from './supervise.ts'

/** For {@link runUnderLock}. */
export interface LockedCommand {
  readonly machineId: string
  readonly process: string
  readonly command: readonly string[]
  readonly intervalSeconds: number
  /** How long the process stays away after a failure. Default: core's. */
  readonly backoffSeconds: number | undefined
  readonly ignoreBackoff: boolean
  /** How long to wait for the lock. */
  readonly waitSeconds: number
  /** From SIGTERM to SIGKILL. */
  readonly killAfterSeconds: number
  /** How long each thing that is done in the database may take. */
  readonly timeoutMs: number
}

/** What came of it. */
export interface LockedOutcome {
  readonly exitCode: number
  /** How the work ended, as the history has it where it was recorded. */
  readonly outcome: 'finished' | 'failed' | 'canceled' | 'lost' | 'not recorded'
  readonly stopped: StopReason | null
  readonly token: bigint
  /** How the command ended; null if it did not start. */
  readonly command: string | null
  /** What there is to say besides; null if nothing. */
  readonly note: string | null
}

/**
 * Runs a command while this program holds the machine for the process, and ends the work by how the command ended:
 * `finish` for 0, `fail` for all else, `cancel` where it was stopped or did not start.
 * @throws what a claim throws, if the lock was not got
 */
export async function runUnderLock(
  connection: Connection<PrismaClient>,
  signals: Signals,
  io: Io,
  locked: LockedCommand,
): Promise<LockedOutcome> {
  const { machineId, process, ignoreBackoff, waitSeconds, timeoutMs } = locked
  const session = await connection.startSession({
    intervalSeconds: locked.intervalSeconds,
    signal: signals.early,
    timeoutMs,
  })
  try {
    let outcome: LockedOutcome | undefined
    const hold = async (work: Work<PrismaClient>): Promise<void> => {
      outcome = await whileHeld(connection, session, work, signals, io, locked)
      // What could not be ended well is given back with the session; nothing is to end it in another way.
      if (!work.ended) await session[Symbol.asyncDispose]()
    }
    try {
      await withPatience(connection, { waitSeconds, signal: signals.early }, (onClaimed) =>
        session.work(
          machineId,
          process,
          (work) => {
            onClaimed()
            return hold(work)
          },
          { ignoreBackoff, timeoutMs },
        ),
      )
    } catch (error) {
      if (outcome === undefined) throw signals.early.aborted ? signals.early.reason : error
    }
    return outcome!
  } finally {
    await session[Symbol.asyncDispose]()
  }
}

async function whileHeld(
  connection: Connection<PrismaClient>,
  session: Session<PrismaClient>,
  work: Work<PrismaClient>,
  signals: Signals,
  io: Io,
  locked: LockedCommand,
): Promise<LockedOutcome> {
  signals.hold()
  let group: CommandGroup
  try {
    work.signal.throwIfAborted()
    group = await CommandGroup.start(locked.command, { ...io.env, ...idsOf(work, session) }, io)
  } catch (error) {
    if (!(error instanceof CommandNotStartedError)) throw error
    await work.cancel().catch(() => {})
    const outcome = work.ended ? 'canceled' : 'not recorded'
    return { exitCode: error.exitCode, outcome, stopped: null, token: work.token, command: null, note: error.message }
  }
  const killAfterMs = locked.killAfterSeconds * 1_000
  const supervised = await supervise({
    group,
    session,
    work,
    signals,
    killAfterMs,
    silenceMs: Math.min(killAfterMs, (locked.intervalSeconds * 1_000) / 3),
    stillHeld: () => isHeld(connection, work),
  })
  return endWork(work, supervised, locked)
}

/** What the command learns of its lock. */
function idsOf(work: Work<PrismaClient>, session: Session<PrismaClient>): Record<string, string> {
  return {
    BMDB_MACHINE_ID: work.machineId,
    BMDB_PROCESS: work.process,
    BMDB_TOKEN: String(work.token),
    BMDB_SESSION_ID: session.id,
  }
}

async function isHeld(connection: Connection<PrismaClient>, work: Work<PrismaClient>): Promise<boolean> {
  const { machineId, process, token } = work
  const { rows } = await connection.fleet.work({ machineId, process, limit: 1, timeoutMs: 1_000 })
  return rows[0]?.token === String(token)
}

/** Ends the work by how the command ended. Never throws: what went wrong is part of the outcome. */
async function endWork(
  work: Work<PrismaClient>,
  { end, stopped }: Supervised,
  locked: LockedCommand,
): Promise<LockedOutcome> {
  const told = { stopped: stopped ?? null, token: work.token, command: end.how }
  if (stopped === 'lost')
    return {
      ...told,
      exitCode: exitCodes.lost,
      outcome: 'lost',
      note: `the work was lost: the command was stopped (${end.how})`,
    }
  if (stopped !== undefined) {
    await work.cancel().catch(() => {})
    return { ...told, outcome: work.ended ? 'canceled' : 'not recorded', ...stoppedBy(stopped, end) }
  }
  const { timeoutMs, backoffSeconds } = locked
  const backoff: Backoff | undefined = backoffSeconds === undefined ? undefined : { initialSeconds: backoffSeconds }
  try {
    if (end.exitCode === 0) await work.finish(undefined, { timeoutMs })
    else await work.fail(end.how, backoff, { timeoutMs })
    return { ...told, exitCode: end.exitCode, outcome: end.exitCode === 0 ? 'finished' : 'failed', note: null }
  } catch (error) {
    const lost = isBMDBError(error, 'ERR_WORK_LOST') || isBMDBError(error, 'ERR_SESSION_EXPIRED')
    const failed = end.exitCode === 0 ? exitCodes.unknown : end.exitCode
    return {
      ...told,
      exitCode: lost ? exitCodes.lost : failed,
      outcome: lost ? 'lost' : 'not recorded',
      note: failureLine(`the command ended by itself (${end.how}), which could not be recorded`, error),
    }
  }
}

function stoppedBy(
  stopped: 'signal' | 'silence' | 'released',
  end: CommandEnd,
): Pick<LockedOutcome, 'exitCode' | 'note'> {
  if (stopped === 'signal') return { exitCode: end.exitCode, note: null }
  const why = stopped === 'released' ? 'an operator asked for the work' : 'the database did not answer for too long'
  return { exitCode: exitCodes.lost, note: `${why}: the command was stopped (${end.how})` }
}
