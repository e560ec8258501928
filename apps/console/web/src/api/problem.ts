import type { Problem } from '@bmdb/api/contract'

/** What the API answered instead of what was asked, or that it did not answer at all (code `ERR_NO_ANSWER`, status 0). */
export class ProblemError extends Error {
  readonly status: number
  readonly code: string

  constructor(problem: Pick<Problem, 'status' | 'detail' | 'code'>) {
    super(problem.detail)
    this.name = 'ProblemError'
    this.status = problem.status
    this.code = problem.code
  }
}

/** What to show of an error. */
export function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : 'something unexpected went wrong'
}

/** The problem in an answer; a proxy in between may have answered something else. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const { status } = response
  const body: unknown = await response.json().catch(() => null)
  if (isProblem(body)) return new ProblemError({ status, detail: body.detail, code: body.code })
  return new ProblemError({ status, detail: `The console answered with status ${status}.`, code: 'ERR_NO_PROBLEM' })
}

function isProblem(body: unknown): body is Problem {
  const { detail, code } = (body ?? {}) as Partial<Problem>
  return typeof detail === 'string' && typeof code === 'string'
}
