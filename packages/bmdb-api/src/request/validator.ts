import type { TObject, TProperties } from 'typebox'
import { Compile } from 'typebox/compile'
import { badRequest, type ProblemError } from '../problem/problem-error.ts'
import { describe } from './describe-violation.ts'
import { brokenText } from './well-formed.ts'

/** Where values come from. */
export type Part = 'body' | 'query' | 'path'

/** Judges a body, a query or a path, and gives it back with numbers and booleans where they came as texts. */
export type Validator = (given: unknown) => { value: unknown } | { error: ProblemError }

/** What a request brings has to fit the schema exactly: what is not in it is refused, and named. */
export function validator(schema: TObject, part: Part): Validator {
  const compiled = Compile(schema)
  return (given) => {
    const value = part === 'body' ? given : typed(schema.properties, given)
    if (!compiled.Check(value)) return { error: badRequest(describe(compiled.Errors(value), value, part)) }
    // Only now: what was accepted is not nested deeply.
    const broken = brokenText(value)
    if (broken === undefined) return { value }
    return { error: badRequest(`${broken} holds NUL or half of a surrogate pair, which the database cannot keep.`) }
  }
}

/** All that comes in a URL is text. */
function typed(properties: TProperties, given: unknown): unknown {
  const entries = Object.entries((given ?? {}) as Record<string, unknown>)
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const type: unknown = Object.hasOwn(properties, name) ? Reflect.get(properties[name]!, 'type') : undefined
      return [name, typeof value === 'string' ? ofType(type, value) : value]
    }),
  )
}

function ofType(type: unknown, text: string): unknown {
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
