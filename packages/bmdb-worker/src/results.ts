import type { TransactionFunction, PrismaClientLike } from '@bmdb/core'
import { aYear, invalid, wholeNumber } from './arguments.ts'

/** How a run ends other than by `finish` and `fail`. Made by {@link snooze}, {@link park} and {@link cancel}. */
export type RunResult =
  | { readonly end: 'snooze'; readonly seconds: number }
  | { readonly end: 'park'; readonly reason: unknown }
  | { readonly end: 'cancel' }

/** Results that were made here: nothing else that looks like one is taken for one. */
const made = new WeakSet<object>()

/** What a run may return: what `finish` commits; how it ends instead; or nothing, a plain `finish`. */
export type RunReturn<Client extends PrismaClientLike> =
  TransactionFunction<Client, unknown> | RunResult | undefined | void

/**
 * Ends a run for now: no failure, no attempt counted. The process stays off the machine for so long.
 * @param seconds - whole seconds, 1 to a year
 * @throws InvalidArgumentError
 */
export function snooze(seconds: number): RunResult {
  return make({ end: 'snooze', seconds: wholeNumber('seconds', seconds, 1, aYear) })
}

/**
 * Ends a run and keeps the process off the machine until an operator unparks it.
 * @param reason - for the operator: a text, or an error with its causes
 */
export function park(reason: unknown): RunResult {
  return make({ end: 'park', reason })
}

/** Gives the machine back as if the run had not been. It may be claimed again at once. */
export function cancel(): RunResult {
  return make({ end: 'cancel' })
}

/** Thrown from anywhere in a run: ends it as {@link snooze} does. */
export class SnoozeError extends Error {
  readonly seconds: number

  /** @throws InvalidArgumentError */
  constructor(seconds: number, message = `come back in ${seconds} s`, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.seconds = wholeNumber('seconds', seconds, 1, aYear)
  }
}

/** Thrown from anywhere in a run: ends it as {@link park} does. The message and its causes are the reason. */
export class ParkError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.name = new.target.name
  }
}

/** Thrown from anywhere in a run: ends it as {@link cancel} does. */
export class CancelError extends Error {
  constructor(message = 'the run was cancelled', options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** The result that an error class says, if it is one that does. */
export function resultOf(error: unknown): RunResult | undefined {
  if (error instanceof SnoozeError) return snooze(error.seconds)
  if (error instanceof ParkError) return park(error)
  if (error instanceof CancelError) return cancel()
  return undefined
}

/** What a run returned, checked. @throws InvalidArgumentError */
export function checkedReturn<Client extends PrismaClientLike>(
  name: string,
  value: unknown,
): TransactionFunction<Client, unknown> | RunResult | undefined {
  if (value === undefined || typeof value === 'function')
    return value as TransactionFunction<Client, unknown> | undefined
  if (isRunResult(value)) return value
  return invalid(name, value, 'a function for finish, snooze(seconds), park(reason), cancel(), or nothing')
}

export function isRunResult(value: unknown): value is RunResult {
  return typeof value === 'object' && value !== null && made.has(value)
}

function make(result: RunResult): RunResult {
  made.add(Object.freeze(result))
  return result
}
