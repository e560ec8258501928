import type { Reading } from './reading.ts'
import { isAbsent, isResource, links, type Resource } from './resource.ts'

const MOST_PAGES = 200
const MOST_MEMBERS = 2000

/**
 * The members of a collection that are not absent, in its order; none where there is no link.
 *
 * @throws RedfishError ERR_REDFISH_INVALID_ANSWER if the collection is none, has pages that go round in circles, more
 *   than 200 pages or more than 2000 members; or as a request fails
 */
export async function readCollection(reading: Reading, link: string | null): Promise<readonly Resource[]> {
  return await readAll(reading, await memberLinks(reading, link))
}

/** The resources that links lead to, in their order, without those that are missing or absent. */
export async function readAll(reading: Reading, links: readonly string[]): Promise<readonly Resource[]> {
  const found = await Promise.all(links.map((link) => reading.follow(link)))
  return found.filter((resource) => resource !== null).filter((resource) => !isAbsent(resource))
}

async function memberLinks(reading: Reading, link: string | null): Promise<readonly string[]> {
  const refusal = (what: string) =>
    reading.client.error({ code: 'ERR_REDFISH_INVALID_ANSWER', what }, link ?? 'a collection')
  const pages = new Set<string>()
  const members = new Set<string>()
  for (let page = link; page !== null;) {
    if (pages.has(page)) throw refusal('pages that go round in circles')
    if (pages.size === MOST_PAGES) throw refusal(`more than ${MOST_PAGES} pages`)
    pages.add(page)
    const collection = await reading.follow(page)
    if (collection === null) break
    const { Members } = collection
    if (Members !== undefined && Members !== null && !Array.isArray(Members)) throw refusal('Members that are no list')
    for (const member of links(collection, 'Members')) members.add(member)
    if (members.size > MOST_MEMBERS) throw refusal(`more than ${MOST_MEMBERS} members`)
    page = nextPage(collection)
  }
  return [...members]
}

/** Redfish puts the link beside the members; some services put it where OData alone would. */
function nextPage(collection: Resource): string | null {
  const next = collection['Members@odata.nextLink'] ?? collection['@odata.nextLink']
  // The specification says a text; some services wrap it like any other link.
  const target: unknown = isResource(next) ? next['@odata.id'] : next
  return typeof target === 'string' && target !== '' ? target : null
}
