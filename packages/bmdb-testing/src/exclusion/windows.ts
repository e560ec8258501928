import type { Hold, Pause } from './observations.ts'

/** Nanoseconds from, inclusive, to, exclusive; without an end where nobody saw one. */
export interface Span {
  readonly fromNs: bigint
  readonly toNs: bigint | undefined
}

/**
 * The parts of a hold's window in which its holder could do something: what is left of it without the holder's pauses.
 * A program that is continued takes a moment until it learns what happened: each pause is longer by `wakeUpNs`.
 */
export function activeSpans(hold: Hold, pauses: readonly Pause[], wakeUpNs: bigint): Span[] {
  let spans: Span[] = [{ fromNs: hold.fromNs, toNs: hold.toNs }]
  for (const pause of pauses) {
    if (pause.holder !== hold.holder) continue
    const backNs = pause.toNs === undefined ? undefined : pause.toNs + wakeUpNs
    spans = spans.flatMap((span) => without(span, { fromNs: pause.fromNs, toNs: backNs }))
  }
  return spans
}

/** When both are there for the first time, if they ever are. */
export function overlapNs(one: Span, other: Span): bigint | undefined {
  const fromNs = one.fromNs > other.fromNs ? one.fromNs : other.fromNs
  return endsBy(one, fromNs) || endsBy(other, fromNs) ? undefined : fromNs
}

function without(span: Span, hole: Span): Span[] {
  if (overlapNs(span, hole) === undefined) return [span]
  const left: Span[] = []
  if (span.fromNs < hole.fromNs) left.push({ fromNs: span.fromNs, toNs: hole.fromNs })
  if (hole.toNs !== undefined && !endsBy(span, hole.toNs)) left.push({ fromNs: hole.toNs, toNs: span.toNs })
  return left
}

function endsBy(span: Span, atNs: bigint): boolean {
  return span.toNs !== undefined && span.toNs <= atNs
}
