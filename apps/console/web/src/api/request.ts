import { problemOf, ProblemError } from './problem.ts'

export const apiRoot = '/api/v1'

/** How long an answer is waited for: the API itself gives up after 10 s, and acts have up to an hour's grace. */
const readLimitMs = 15_000

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>

/** `/api/v1/<path>?…`, without what is empty. */
export function urlOf(path: string, query: Query = {}): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') given.set(name, String(value))
  }
  return `${apiRoot}/${path}${given.size === 0 ? '' : `?${given.toString()}`}`
}

/** Reads. @throws ProblemError */
export async function read<Answer>(path: string, query: Query, signal: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(readLimitMs)])
  return send<Answer>(urlOf(path, query), { signal: limit }, signal)
}

/** Acts, once. @throws ProblemError */
export async function post<Answer>(
  path: string,
  body: unknown,
  csrfToken: string | null,
  limitMs: number,
  signal?: AbortSignal,
): Promise<Answer> {
  const limit = AbortSignal.timeout(limitMs)
  return send<Answer>(
    urlOf(path),
    {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...csrfHeader(csrfToken) },
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
    },
    signal,
  )
}

export function csrfHeader(token: string | null): Record<string, string> {
  return token === null ? {} : { 'x-bmdb-csrf': token }
}

async function send<Answer>(url: string, init: RequestInit, caller: AbortSignal | undefined): Promise<Answer> {
  let response: Response
  try {
    response = await fetch(url, { credentials: 'same-origin', ...init })
    if (response.ok) return (await response.json()) as Answer
  } catch {
    caller?.throwIfAborted()
    throw new ProblemError({ status: 0, code: 'ERR_NO_ANSWER', detail: noAnswer(init) })
  }
  if (response.status === 401) goToLogin()
  throw await problemOf(response)
}

function noAnswer({ method }: RequestInit): string {
  return method === 'POST'
    ? 'The answer did not arrive. It may have been done all the same: look at the history before you try again.'
    : 'The console does not answer.'
}

/** The server renders the page for logging in itself, so this is a full navigation. */
function goToLogin(): void {
  const { pathname, search } = window.location
  window.location.assign(`/login?next=${encodeURIComponent(pathname + search)}`)
}
