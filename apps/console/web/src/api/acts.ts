import type { BulkDone, BulkVerbBody, BulkVerbName, Done, VerbBody, VerbName } from '@bmdb/api/contract'
import { readMe } from './reads.ts'
import { ProblemError } from './problem.ts'
import { csrfHeader, post } from './request.ts'

const paths: Record<VerbName | BulkVerbName, string> = {
  addMachine: 'machines/add',
  lockOut: 'machines/lock-out',
  endLockOut: 'machines/end-lock-out',
  retire: 'machines/retire',
  returnToService: 'machines/return',
  deleteMachine: 'machines/delete',
  setFailureDomain: 'machines/domain',
  pause: 'processes/pause',
  resume: 'processes/resume',
  park: 'backoffs/park',
  unpark: 'backoffs/unpark',
  setBackoff: 'backoffs/set',
  clearBackoff: 'backoffs/clear',
  release: 'work/release',
  endSession: 'sessions/end',
  releaseMatching: 'work/release-matching',
  clearBackoffsMatching: 'backoffs/clear-matching',
  unparkMatching: 'backoffs/unpark-matching',
  endSessionsMatching: 'sessions/end-matching',
}

/** The API gives acts 30 s and the grace; a little more, so that its answer arrives and not our own limit. */
const actLimitMs = 35_000
/** A call for many acts on a hundred rows. */
const bulkLimitMs = 150_000

/** Does one act. @throws ProblemError */
export function act<Name extends VerbName>(name: Name, body: VerbBody<Name>): Promise<Done> {
  const { graceSeconds } = body as { graceSeconds?: number }
  return withToken((token) => post(paths[name], body, token, actLimitMs + (graceSeconds ?? 10) * 1_000))
}

/** Acts on one part of what matches, or counts it. @throws ProblemError */
export function actOnMatching<Name extends BulkVerbName>(
  name: Name,
  body: BulkVerbBody<Name>,
  signal: AbortSignal,
): Promise<BulkDone> {
  const { graceSeconds } = body.filter as { graceSeconds?: number }
  return withToken((token) => post(paths[name], body, token, bulkLimitMs + (graceSeconds ?? 0) * 10_000, signal))
}

/** Ends the login. */
export async function logOut(): Promise<void> {
  await withToken(async (token) => {
    const response = await fetch('/logout', { method: 'POST', headers: csrfHeader(token) })
    if (!response.ok && response.status !== 401)
      throw new ProblemError({
        status: response.status,
        code: 'ERR_LOGOUT',
        detail: 'Logging out was refused. Close the browser to be safe.',
      })
  })
  window.location.assign('/login')
}

/**
 * Acts with the CSRF token as it is now. A refusal because of the token (the console was started again since the page was
 * loaded) says that nothing was done, so that it is tried once more with a new one.
 */
async function withToken<Answer>(send: (token: string | null) => Promise<Answer>): Promise<Answer> {
  token ??= readToken()
  try {
    return await send(await token)
  } catch (error) {
    token = undefined
    if (!(error instanceof ProblemError && error.code === 'ERR_CSRF')) throw error
  }
  token ??= readToken()
  return await send(await token)
}

let token: Promise<string | null> | undefined

async function readToken(): Promise<string | null> {
  return (await readMe(AbortSignal.timeout(15_000))).csrfToken
}
