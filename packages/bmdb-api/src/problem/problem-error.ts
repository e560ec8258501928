import type { Problem } from '../contract/index.ts'

/** What the API itself answers requests with that it does not do. */
export class ProblemError extends Error {
  readonly problem: Problem
  readonly code: string
  readonly statusCode: number
  /** Seconds after which to try again, where that may help. */
  readonly retryAfterSeconds: number | undefined

  constructor(problem: Problem, retryAfterSeconds?: number) {
    super(problem.detail)
    this.name = 'ProblemError'
    this.problem = problem
    this.code = problem.code
    this.statusCode = problem.status
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** A value is out of range: the detail names it, and what it must be. */
export function badRequest(detail: string): ProblemError {
  return new ProblemError({ status: 400, title: 'A value is out of range', detail, code: 'ERR_INVALID_ARGUMENT' })
}

/** There is no such thing. */
export function notFound(code: string, detail: string): ProblemError {
  return new ProblemError({ status: 404, title: 'Not found', detail, code })
}

/** Nobody that is known. */
export function unauthenticated(): ProblemError {
  const detail = 'Nobody who is known asks: log in, or bring a token.'
  return new ProblemError({ status: 401, title: 'Not logged in', detail, code: 'ERR_UNAUTHENTICATED' })
}

/** Known, but not allowed to. */
export function forbidden(name: string): ProblemError {
  const detail = `${name} is a viewer: only operators act.`
  return new ProblemError({ status: 403, title: 'Not allowed', detail, code: 'ERR_FORBIDDEN' })
}

/** An act that may come from another site. */
export function csrf(): ProblemError {
  const detail = 'An act brings the token that GET me gave in the header X-BMDB-CSRF: load the page again.'
  return new ProblemError({ status: 403, title: 'Not from here', detail, code: 'ERR_CSRF' })
}

/** The limit of the request passed. */
export function tooSlow(timeoutMs: number): ProblemError {
  const detail = `The database did not answer within ${timeoutMs} ms.`
  return new ProblemError({ status: 504, title: 'Too slow', detail, code: 'ERR_TRANSACTION_TIMEOUT' }, 5)
}

/** More than is served at a time. */
export function overloaded(detail: string): ProblemError {
  return new ProblemError({ status: 503, title: 'Too much at a time', detail, code: 'ERR_OVERLOADED' }, 30)
}
