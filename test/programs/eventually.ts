import { setTimeout as sleep } from 'node:timers/promises'

/** Looks again and again until there is an answer; rejects after the limit. An error of `look` comes out as it is. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = 20_000,
): Promise<T> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const answer = await look()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await sleep(10)
  }
}
