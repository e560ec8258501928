import { invalid, wholeNumber } from './arguments.ts'

/** How long a process stays away from a machine on which it failed. */
export interface Backoff {
  /** Whole seconds after the first failure, from 1. */
  readonly initialSeconds: number
  /** Whole seconds that no wait exceeds, from `initialSeconds`. Default: 31 536 000, a year. */
  readonly maximumSeconds?: number | undefined
  /** What each wait is multiplied by for the next one, from 1. Absent or 1: every wait is `initialSeconds`. */
  readonly exponent?: number | undefined
  /** Shortens each wait by a random share of up to a quarter; what the next one grows from is not shortened. Default false. */
  readonly jitter?: boolean | undefined
}

/** The longest wait there is, in seconds. */
export const aYear = 31_536_000

/** A backoff as the statement that stores it takes it. The arithmetic is the database's: exact decimals. */
export interface BackoffParameters {
  readonly initialSeconds: number | null
  readonly maximumSeconds: number
  /** A decimal in digits, as the caller wrote it: 1.1 is "1.1" and not the nearest binary fraction. */
  readonly exponent: string | null
  /** What the wait, but not the stored interval, is multiplied by. */
  readonly shortening: number
}

/**
 * Checks a backoff and makes it a statement's parameters.
 * @throws InvalidArgumentError for fractional seconds, a maximum under the initial wait, an exponent under 1.
 */
export function backoffParameters(backoff: Backoff | undefined, random: () => number = Math.random): BackoffParameters {
  if (backoff === undefined) return { initialSeconds: null, maximumSeconds: aYear, exponent: null, shortening: 1 }
  if (typeof backoff !== 'object' || backoff === null) invalid('backoff', backoff, 'an object with initialSeconds')
  const initialSeconds = wholeNumber('backoff.initialSeconds', backoff.initialSeconds, 1, aYear)
  const maximumSeconds =
    backoff.maximumSeconds === undefined
      ? aYear
      : wholeNumber('backoff.maximumSeconds', backoff.maximumSeconds, initialSeconds, aYear)
  const exponent = backoff.exponent ?? 1
  if (typeof exponent !== 'number' || !Number.isFinite(exponent) || exponent < 1)
    invalid('backoff.exponent', exponent, 'a number from 1')
  if (backoff.jitter !== undefined && typeof backoff.jitter !== 'boolean')
    invalid('backoff.jitter', backoff.jitter, 'true or false')
  return {
    initialSeconds,
    maximumSeconds,
    exponent: exponent === 1 ? null : String(exponent),
    shortening: backoff.jitter === true ? 1 - random() / 4 : 1,
  }
}
