/** One Redfish resource, or an object inside one. Nothing in it is trusted to be of the type that the schema says. */
export type Resource = Readonly<Record<string, unknown>>

const LONGEST_TEXT = 1024

export function isResource(value: unknown): value is Resource {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The text under a key; null where it is missing, null, blank or no text. Control characters and halves of surrogate
 * pairs are taken out (BMCs pass on what firmware left in the EEPROM, and databases refuse both), and what is longer
 * than 1024 characters is cut.
 */
export function text(resource: Resource, key: string): string | null {
  const value = resource[key]
  if (typeof value !== 'string') return null
  const clean = value
    .slice(0, LONGEST_TEXT)
    .replace(/[\p{Cc}\p{Cs}]/gu, '')
    .trim()
  return clean === '' ? null : clean
}

/** The number under a key; null where it is missing, null, negative or no number. */
export function amount(resource: Resource, key: string): number | null {
  const value = resource[key]
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}

/** The object under a key; an empty one where there is none. */
export function part(resource: Resource, key: string): Resource {
  const value = resource[key]
  return isResource(value) ? value : {}
}

/** The objects in the array under a key; none where there is no array. */
export function parts(resource: Resource, key: string): readonly Resource[] {
  const value = resource[key]
  return Array.isArray(value) ? value.filter(isResource) : []
}

/** The first text in the array under a key; null where there is none. */
export function firstText(resource: Resource, key: string): string | null {
  const value = resource[key]
  return Array.isArray(value) ? text({ value: value[0] as unknown }, 'value') : null
}

/** Where the reference under a key leads; null where there is none. */
export function link(resource: Resource, key: string): string | null {
  return linkOf(part(resource, key))
}

/** Where the references in the array under a key lead, each once. */
export function links(resource: Resource, key: string): readonly string[] {
  const found = parts(resource, key).map(linkOf)
  return [...new Set(found.filter((path) => path !== null))]
}

function linkOf(reference: Resource): string | null {
  const value = reference['@odata.id']
  return typeof value === 'string' && value !== '' ? value : null
}

/** The resource's `Id`, or the end of its path where it has none. */
export function idOf(resource: Resource): string {
  const path = text(resource, '@odata.id') ?? ''
  return text(resource, 'Id') ?? path.split('/').findLast((name) => name !== '') ?? 'unknown'
}

/** Whether it describes an empty place: a slot, socket or bay with nothing in it. */
export function isAbsent(resource: Resource): boolean {
  return part(resource, 'Status').State === 'Absent'
}

/** Its own state, without that of its parts: `OK`, `Warning` or `Critical`. */
export function healthOf(resource: Resource): string | null {
  return text(part(resource, 'Status'), 'Health')
}
