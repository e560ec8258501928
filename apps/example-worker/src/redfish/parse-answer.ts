import type { Failure } from './connection-failure.ts'
import type { Answer } from './http-get.ts'
import { isResource, type Resource } from './resource.ts'

/**
 * The resource in an answer, or the part of it that a fragment points at (`#/Drives/0`).
 *
 * @param fragment as in `URL.hash`: empty for the whole
 * @param fail makes the error to throw
 */
export function parseAnswer(answer: Answer, fragment: string, fail: (failure: Failure) => Error): Resource {
  const parsed = parseJson(answer, fail)
  const value = partAt(parsed, fragment)
  if (isResource(value)) return value
  throw fail({ code: 'ERR_REDFISH_INVALID_ANSWER', what: 'an answer that is JSON, but no Redfish resource,' })
}

function parseJson({ body, headers }: Answer, fail: (failure: Failure) => Error): unknown {
  try {
    // The decoder takes a byte order mark away, and bytes that are no UTF-8 as they come.
    return JSON.parse(new TextDecoder().decode(body)) as unknown
  } catch {
    // The parser's own message quotes the answer, which is for nobody's log: no cause.
    const type = headers['content-type']?.match(/^[\w.+-]{1,40}\/[\w.+-]{1,40}/)?.[0] ?? 'no content type'
    const what = `an answer of ${body.length} bytes (${type}) that is no JSON, or was cut off,`
    throw fail({ code: 'ERR_REDFISH_INVALID_ANSWER', what })
  }
}

/** A JSON pointer's target; undefined if there is none. */
function partAt(resource: unknown, fragment: string): unknown {
  if (!fragment.startsWith('#/')) return resource
  return fragment
    .slice(2)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, token) => {
      const holds = typeof value === 'object' && value !== null && Object.hasOwn(value, token)
      return holds ? (value as Resource)[token] : undefined
    }, resource)
}
