import { performance } from 'node:perf_hooks'
import type { Context } from './benchmark.ts'

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

/** Measures the candidates in turn, round after round, and returns the median of each. */
export async function inTurn<Name extends string>(
  { rounds, tell, signal }: Pick<Context, 'rounds' | 'tell' | 'signal'>,
  candidates: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number>> {
  const measured = new Map<Name, number[]>()
  const names = Object.keys(candidates) as Name[]
  for (let round = 0; round <= rounds; round++)
    for (const name of names) {
      signal.throwIfAborted()
      const figure = await candidates[name]()
      if (round === 0) continue
      measured.set(name, [...(measured.get(name) ?? []), figure])
      tell(`round ${round}/${rounds}: ${name} ${Math.round(figure * 10) / 10}`)
    }
  return Object.fromEntries(names.map((name) => [name, median(measured.get(name) ?? [])])) as Record<Name, number>
}

/** How many times a second `run` succeeds, with that many loops at once for that long. */
export async function perSecond(
  loops: number,
  seconds: number,
  run: (loop: number) => Promise<unknown>,
): Promise<number> {
  const startMs = performance.now()
  let done = 0
  await Promise.all(
    Array.from({ length: loops }, async (_, loop) => {
      while (performance.now() - startMs < seconds * 1_000) {
        await run(loop)
        done += 1
      }
    }),
  )
  return (done * 1_000) / (performance.now() - startMs)
}

/** How many milliseconds it takes. */
export async function msOf(run: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await run()
  return performance.now() - startMs
}

export const perSecondText = (figure: number): string => `${Math.round(figure).toLocaleString('en')}/s`
export const msText = (ms: number): string => `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`
