import { RequestError } from './redfish-error.ts'
import type { Resource } from './resource.ts'

/**
 * The part of a collection that was asked for by `$skip` and `$top`, at most `pageSize` members (0: no limit), with the
 * link to the next part if there is one. What is no collection comes back as it is.
 *
 * @throws RequestError 400 if `$skip` or `$top` is no whole number
 */
export function page(resource: Resource, query: URLSearchParams, pageSize: number): Resource {
  const members: unknown = resource.Members
  if (!Array.isArray(members)) return resource
  const skip = wholeNumber(query, '$skip') ?? 0
  const top = wholeNumber(query, '$top')
  const end = Math.min(members.length, skip + (top ?? Infinity), skip + (pageSize || Infinity))
  if (skip === 0 && end === members.length) return resource
  const part = { ...resource, Members: members.slice(skip, end) }
  // Where the client itself asked for an end, there is nothing more to point to.
  if (end === members.length || top !== undefined) return part
  return { ...part, 'Members@odata.nextLink': `${String(resource['@odata.id'])}?$skip=${end}` }
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!/^\d{1,9}$/.test(text)) {
    throw new RequestError(400, 'QueryParameterValueTypeError', `${name} must be a whole number, not '${text}'`)
  }
  return Number(text)
}
