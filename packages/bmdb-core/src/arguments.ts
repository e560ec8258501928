import { validate as isUuid } from 'uuid'
import { InvalidArgumentError } from './errors.ts'

/** Throws: `name` was given `value`, which is not `expected`. */
export function invalid(name: string, value: unknown, expected: string): never {
  throw new InvalidArgumentError(`${name} is ${show(value)}, it must be ${expected}`)
}

/** `value`, if it is a whole number from `minimum` to `maximum`. */
export function wholeNumber(name: string, value: unknown, minimum: number, maximum: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum) return value
  return invalid(name, value, `a whole number from ${minimum} to ${maximum}`)
}

/** `value`, if it is a text of 1 to `maximum` characters. */
export function text(name: string, value: unknown, maximum: number): string {
  if (typeof value === 'string' && value.length >= 1 && value.length <= maximum && !value.includes('\0')) return value
  return invalid(name, value, `a text of 1 to ${maximum} characters`)
}

/** `value` in lower case, if it is a UUID. */
export function uuid(name: string, value: unknown): string {
  if (typeof value === 'string' && isUuid(value)) return value.toLowerCase()
  return invalid(name, value, 'a UUID')
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}

/** A time. */
export function date(name: string, value: unknown): Date {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) invalid(name, value, 'a Date')
  return value
}
