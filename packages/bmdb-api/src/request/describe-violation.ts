import type { Part } from './validator.ts'

/** One way in which a value does not fit its schema. */
export interface Violation {
  readonly keyword: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

/** In a sentence: which value, and what it must be. */
export function describe(violations: readonly Violation[], value: unknown, part: Part): string {
  const unknown = violations.find(({ keyword }) => keyword === 'additionalProperties')
  if (unknown !== undefined) return `${placeOf(unknown, part)} has no ${listed(unknown, 'additionalProperties')}.`
  const missing = violations.find(({ keyword }) => keyword === 'required')
  if (missing !== undefined) return `${placeOf(missing, part)} lacks ${listed(missing, 'requiredProperties')}.`
  const first = violations[0]
  if (first === undefined) return `The ${part} is not what it must be.`
  const shown = show(valueAt(value, first.instancePath))
  return `${placeOf(first, part)} is ${shown}: it ${expected(first, violations)}.`
}

function placeOf({ instancePath }: Violation, part: Part): string {
  return instancePath === '' ? `The ${part}` : instancePath.slice(1).replaceAll('/', '.')
}

/** Names that the schema does not know may be anything, and many. */
function listed({ params }: Violation, key: string): string {
  const names = Reflect.get(params, key) as unknown
  const all = Array.isArray(names) ? names : []
  const more = all.length > 3 ? ` (and ${all.length - 3} more)` : ''
  return all.slice(0, 3).map(show).join(', ') + more
}

/** Where there are several possible values, all of them. */
function expected(first: Violation, violations: readonly Violation[]): string {
  const here = violations.filter(({ instancePath }) => instancePath === first.instancePath)
  const allowed = here.flatMap(({ params }) => {
    if ('allowedValue' in params) return [params.allowedValue]
    return 'allowedValues' in params ? params.allowedValues : []
  })
  if (allowed.length > 0) return `must be one of ${allowed.map(show).join(', ')}`
  const { params } = first
  const name = 'format' in params ? params.format : 'type' in params ? params.type : undefined
  return typeof name === 'string' && Object.hasOwn(kinds, name) ? `must be ${kinds[name]}` : first.message
}

const kinds: Record<string, string> = {
  uuid: 'a UUID',
  'date-time': 'a time such as 2026-01-31T23:59:59Z',
  integer: 'a whole number',
  boolean: 'true or false',
  string: 'one text',
  object: 'an object',
}

function valueAt(value: unknown, path: string): unknown {
  let found = value
  for (const key of path.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null) return undefined
    found = Reflect.get(found, key.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  return found
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return value === undefined ? 'missing' : JSON.stringify(value)
}
