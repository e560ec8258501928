import { constants } from 'node:os'
import {
  isBMDBError,
  WorkBackoffError,
  WorkBlockedError,
  WorkConflictError,
  type BMDBError,
  type ErrorCode,
} from '@bmdb/core'
import { failureLine, StartupError, StopRequestedError } from '@bmdb/program'
import { exitCodes, shellExitCodes } from './exit-codes.ts'
import { CommandNotStartedError } from './exec/command-group.ts'
import { InterruptedError } from './exec/signals.ts'
import { NotFoundError } from './failures.ts'

/** What to tell of a failure, and what to exit with. */
export interface JudgedFailure {
  readonly exitCode: number
  /** One line, without a password. */
  readonly line: string
}

const codeOf: Partial<Record<ErrorCode, number>> = {
  ERR_DATABASE_UNAVAILABLE: exitCodes.database,
  ERR_MIGRATION: exitCodes.database,
  ERR_MACHINE_NOT_FOUND: exitCodes.notFound,
  ERR_WORK_CONFLICT: exitCodes.refused,
  ERR_WORK_BLOCKED: exitCodes.refused,
  ERR_WORK_BACKOFF: exitCodes.refused,
  ERR_TRANSACTION_TIMEOUT: exitCodes.unknown,
  ERR_COMMIT_OUTCOME_UNKNOWN: exitCodes.unknown,
  ERR_RETRIES_EXHAUSTED: exitCodes.unknown,
  ERR_SESSION_EXPIRED: exitCodes.database,
}

/** Judges anything that was thrown, by its code and never by its text. */
export function judgeFailure(error: unknown): JudgedFailure {
  const line = failureLine('error', error)
  const failure = innermost(error)
  if (failure instanceof CommandNotStartedError) return { exitCode: failure.exitCode, line }
  if (failure instanceof StopRequestedError || failure instanceof InterruptedError)
    return { exitCode: shellExitCodes.signal + constants.signals[failure.signalName], line }
  if (failure instanceof NotFoundError) return { exitCode: exitCodes.notFound, line }
  if (isBMDBError(failure))
    return { exitCode: codeOf[failure.code] ?? exitCodes.failed, line: `${line}${remedyOf(failure)}` }
  const denied = deniedOf(failure)
  if (denied !== undefined)
    return {
      exitCode: exitCodes.database,
      line: failureLine('error', new Error(`${denied}: grant it to this role; bmdb doctor lists what is missing`)),
    }
  const cannotStart = failure instanceof StartupError || nameOf(failure) === 'EmbeddedDatabaseError'
  return { exitCode: cannotStart ? exitCodes.database : exitCodes.failed, line }
}

/** What to do about a refusal, where that is a command. */
function remedyOf(error: BMDBError): string {
  if (error instanceof WorkConflictError)
    return `: wait, or bmdb work release ${error.machineId} ${shellWord(error.heldFor)}`
  if (error instanceof WorkBackoffError)
    return `: wait, or bmdb backoff clear ${error.machineId} ${shellWord(error.process)}`
  if (!(error instanceof WorkBlockedError)) return ''
  switch (error.reason) {
    case 'paused':
      return `: bmdb process resume ${shellWord(error.process)} ends that`
    case 'parked':
      return `: bmdb backoff unpark ${error.machineId} ${shellWord(error.process)} ends that`
    case 'locked out':
      return `: bmdb machine end-lock-out ${error.machineId} ends that`
    case 'retired':
      return `: bmdb machine return ${error.machineId} takes it back into service`
    case 'failure domain':
      return ': wait until one of them is done'
  }
}

function shellWord(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** Where disposing failed too, what was thrown first counts. */
function innermost(error: unknown): unknown {
  return nameOf(error) === 'SuppressedError' ? innermost((error as { suppressed: unknown }).suppressed) : error
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined
}

/** The server's words where it denied a privilege. */
function deniedOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && error.code === '42501' ? error.message : undefined
}
