import { performance } from 'node:perf_hooks'
import type { Context } from './benchmark.ts'

/** A candidate's figures of all rounds that count. */
export interface Measured {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value that a part of them does not exceed. @param part - 0 to 1 */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  if (sorted.length === 0) return NaN
  const at = (sorted.length - 1) * part
  const low = sorted[Math.floor(at)]!
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at))
}

/** Measures the candidates in turn, round after round; another one begins each round. */
export async function inTurn<Name extends string>(
  { rounds, tell, signal }: Pick<Context, 'rounds' | 'tell' | 'signal'>,
  candidates: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, Measured>> {
  const names = Object.keys(candidates) as Name[]
  const figures = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++)
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!
      signal.throwIfAborted()
      const figure = await candidates[name]()
      if (round === 0) continue
      figures.get(name)!.push(figure)
      tell(`round ${round}/${rounds}: ${name} ${figure < 100 ? figure.toFixed(2) : Math.round(figure)}`)
    }
  return Object.fromEntries(names.map((name) => [name, measured(figures.get(name)!)])) as Record<Name, Measured>
}

function measured(values: readonly number[]): Measured {
  return { median: median(values), lowest: Math.min(...values), highest: Math.max(...values) }
}

/** The medians alone. */
export function medians<Name extends string>(figures: Readonly<Record<Name, Measured>>): Record<Name, number> {
  const entries = Object.entries<Measured>(figures).map(([name, figure]) => [name, figure.median])
  return Object.fromEntries(entries) as Record<Name, number>
}

/** How many times a second `run` succeeds, with that many loops at once for that long. */
export async function perSecond(
  signal: AbortSignal,
  loops: number,
  seconds: number,
  run: () => Promise<unknown>,
): Promise<number> {
  return unitsPerSecond(signal, loops, seconds, async () => {
    await run()
    return 1
  })
}

/** The same for a `run` that does several things, and returns how many. */
export async function unitsPerSecond(
  signal: AbortSignal,
  loops: number,
  seconds: number,
  run: () => Promise<number>,
): Promise<number> {
  const startMs = performance.now()
  let done = 0
  const loop = async (): Promise<void> => {
    while (performance.now() - startMs < seconds * 1_000) {
      signal.throwIfAborted()
      // Not `done += await run()`: that adds to what it was before the other loops added theirs.
      const units = await run()
      done += units
    }
  }
  await Promise.all(Array.from({ length: loops }, loop))
  return (done * 1_000) / (performance.now() - startMs)
}

/** How many milliseconds it takes. */
export async function msOf(run: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await run()
  return performance.now() - startMs
}

/** The median and, where there were several rounds, the lowest and the highest: how much of it is noise. */
export function perSecondText({ median: middle, lowest, highest }: Measured): string {
  const whole = (figure: number): string => Math.round(figure).toLocaleString('en')
  return lowest === highest ? `${whole(middle)}/s` : `${whole(middle)}/s (${whole(lowest)} to ${whole(highest)})`
}

export function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : Math.round(ms).toLocaleString('en')} ms`
}

export function measuredMsText({ median: middle, lowest, highest }: Measured): string {
  return lowest === highest ? msText(middle) : `${msText(middle)} (${msText(lowest)} to ${msText(highest)})`
}
