import { isBMDBError, type BMDBError, type ErrorCode } from '@bmdb/core'
import { badRequest, ProblemError } from './problem-error.ts'

interface Answer {
  readonly status: number
  readonly title: string
  /** Default: the error's own words. They are withheld where a cause's may be among them. */
  readonly detail?: string
  readonly retryAfterSeconds?: number
}

// An act of several steps, such as a release, may be half way: whether anything was done is not said.
const unreachable = 'The database cannot be used now; the log says why. Look at what is there before you act again.'

const answers: Partial<Record<ErrorCode, Answer>> = {
  ERR_INVALID_ARGUMENT: { status: 400, title: 'A value is out of range' },
  ERR_MACHINE_NOT_FOUND: { status: 404, title: 'Not found' },
  ERR_WORK_CONFLICT: { status: 409, title: 'Held by somebody' },
  ERR_WORK_BACKOFF: { status: 409, title: 'In backoff' },
  ERR_WORK_BLOCKED: { status: 409, title: 'Blocked' },
  ERR_PROCESS_DECLARATION: { status: 409, title: 'Declared otherwise' },
  ERR_DATABASE_UNAVAILABLE: {
    status: 503,
    title: 'The database is away',
    detail: unreachable,
    retryAfterSeconds: 5,
  },
  ERR_RETRIES_EXHAUSTED: { status: 503, title: 'Too many conflicts', detail: unreachable, retryAfterSeconds: 5 },
  ERR_CLOSED: { status: 503, title: 'Stopping', detail: 'This program is stopping.', retryAfterSeconds: 5 },
  ERR_MIGRATION: {
    status: 503,
    title: 'The database is not migrated',
    detail: 'The database’s migrations are not those that this version needs: the log says more.',
    retryAfterSeconds: 30,
  },
  ERR_TRANSACTION_TIMEOUT: {
    status: 504,
    title: 'Too slow',
    detail: 'The database did not answer in time. Look at what is there before you act again.',
    retryAfterSeconds: 5,
  },
  ERR_COMMIT_OUTCOME_UNKNOWN: {
    status: 503,
    title: 'Not known whether it was done',
    detail: 'The connection broke while it was committed: it may have been done. Look before you do it again.',
    retryAfterSeconds: 5,
  },
}

/** What to answer a request with that ended in this error. Never a stack, SQL, or what a cause says. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  if (isBMDBError(error)) return ofCore(error)
  return ofFramework(error) ?? internal()
}

function ofCore(error: BMDBError): ProblemError {
  const answer = answers[error.code]
  if (answer === undefined) return internal()
  const { status, title, detail = `${error.message}.`, retryAfterSeconds } = answer
  return new ProblemError({ status, title, detail, code: error.code }, retryAfterSeconds)
}

/** What Fastify refuses before a handler has it. */
function ofFramework(error: unknown): ProblemError | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  const { statusCode: status } = error
  if (status === 413)
    return new ProblemError({
      status,
      title: 'Too large',
      detail: 'The body is larger than 64 KiB.',
      code: 'ERR_TOO_LARGE',
    })
  if (status === 415) return mediaType()
  if (typeof status === 'number' && status >= 400 && status < 500)
    return badRequest('The request could not be read: its body must be one JSON object.')
  return undefined
}

/** An act whose body is no JSON. */
export function mediaType(): ProblemError {
  const detail = 'The body must be JSON, with Content-Type: application/json.'
  return new ProblemError({ status: 415, title: 'No JSON', detail, code: 'ERR_MEDIA_TYPE' })
}

function internal(): ProblemError {
  const detail = 'Something went wrong here: the log says what.'
  return new ProblemError({ status: 500, title: 'Failed', detail, code: 'ERR_INTERNAL' })
}
