import { same, type BackoffRow, type Held, type Key, type Model, type ModelSession, type Open } from './model.ts'

/** The decisions on which the promises rest, each by itself, so that a test can get one of them wrong. */
export interface Rules {
  /** The token of a claim, from the last one that was given out. */
  readonly nextToken: (last: number) => number
  /** Whether a claim may end the session of a holder. */
  readonly mayBeTakenOver: (holder: ModelSession) => boolean
  /** The rows of work that go when a session goes. */
  readonly endedWith: (model: Model, session: number) => readonly Held[]
  /** Whether the guard of a transaction of that session lets it begin. */
  readonly mayTransact: (session: ModelSession) => boolean
  /** Whether an end, or a transaction of work, finds the row of work that it is about. */
  readonly stillHolds: (model: Model, held: Held) => boolean
  /** Whether whoever ends a session or its work meets the lock of an open transaction. */
  readonly isInTheWay: (open: Open) => boolean
  /** What a failure leaves to keep the process away. */
  readonly backoffAfter: (last: BackoffRow | undefined, key: Key, exponent: number) => BackoffRow
}

export const initialSeconds = 3_600
export const maximumSeconds = 86_400

export const rules: Rules = {
  nextToken: (last) => last + 1,
  mayBeTakenOver: (holder) => holder.row === 'expired',
  endedWith: (model, session) => model.work.filter((held) => held.session === session),
  mayTransact: (session) => session.row !== 'gone',
  stillHolds: (model, held) =>
    model.work.some((row) => same(held)(row) && row.session === held.session && row.token === held.token),
  isInTheWay: (open) => open.locks,
  backoffAfter: (last, { machine, process }, exponent) => ({
    machine,
    process,
    seconds: last === undefined || exponent === 1 ? initialSeconds : Math.min(maximumSeconds, last.seconds * exponent),
    past: false,
  }),
}
