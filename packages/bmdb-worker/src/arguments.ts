import { InvalidArgumentError, type Backoff } from '@bmdb/core'

/** A year in seconds: the longest wait there is. */
export const aYear = 31_536_000

/** Throws: `name` was given `value`, which is not `expected`. */
export function invalid(name: string, value: unknown, expected: string): never {
  throw new InvalidArgumentError(`${name} is ${show(value)}, it must be ${expected}`)
}

/** `value`, if it is a whole number from `minimum` to `maximum`. */
export function wholeNumber(name: string, value: unknown, minimum: number, maximum: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum) return value
  return invalid(name, value, `a whole number from ${minimum} to ${maximum}`)
}

/** `value`, if it is a number from `minimum` to `maximum`, fractions allowed. */
export function number(name: string, value: unknown, minimum: number, maximum: number): number {
  if (typeof value === 'number' && value >= minimum && value <= maximum) return value
  return invalid(name, value, `a number from ${minimum} to ${maximum}`)
}

/** `value`, if it is a text of 1 to `maximum` characters. */
export function text(name: string, value: unknown, maximum: number): string {
  if (typeof value === 'string' && value.length >= 1 && value.length <= maximum && !value.includes('\0')) return value
  return invalid(name, value, `a text of 1 to ${maximum} characters`)
}

/** `check` of `value`, unless that is undefined. */
export function optional<Value, Checked>(
  value: Value | undefined,
  check: (value: Value) => Checked,
): Checked | undefined {
  return value === undefined ? undefined : check(value)
}

/** `value`, if it is a function or undefined. */
export function optionalFunction<Value>(name: string, value: Value): Value {
  if (value !== undefined && typeof value !== 'function') invalid(name, value, 'a function')
  return value
}

/** A backoff by the rules of `work.fail`, which would refuse a bad one only at the first failure. */
export function checkedBackoff(backoff: Backoff): Backoff {
  if (typeof backoff !== 'object' || backoff === null) invalid('backoff', backoff, 'an object with initialSeconds')
  const initialSeconds = wholeNumber('backoff.initialSeconds', backoff.initialSeconds, 1, aYear)
  optional(backoff.maximumSeconds, (value) => wholeNumber('backoff.maximumSeconds', value, initialSeconds, aYear))
  const { exponent, jitter } = backoff
  if (exponent !== undefined && !(typeof exponent === 'number' && Number.isFinite(exponent) && exponent >= 1))
    invalid('backoff.exponent', exponent, 'a number from 1')
  if (jitter !== undefined && typeof jitter !== 'boolean') invalid('backoff.jitter', jitter, 'true or false')
  return { ...backoff }
}

export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}
