import { startWireProxy, type Fault, type WireProxy } from '@bmdb/testing'
import { onTestFinished } from 'vitest'

/** What can go wrong with one statement: for its name in a list of cases. */
export const faults = {
  /** The server never gets it. */
  'cut before': { do: 'cut', when: 'before' },
  /** It has answered, and the connection breaks in place of the answer. */
  'cut after': { do: 'cut', when: 'after' },
  /** It gets it, and the connection breaks before it has answered. */
  'cut between': { do: 'cut', when: 'during' },
  /** It answers, and the answer never comes. */
  'no answer': { do: 'hold', when: 'after' },
  /** The same, and nothing passes on any connection any more. */
  silence: { do: 'hold', when: 'after', all: true },
  /** It gets what was sent before, and no more; the connection stands. */
  'stuck before': { do: 'hold', when: 'before' },
} as const satisfies Record<string, Fault>

/** A proxy between BMDB and its database, closed when the test is over. */
export async function startProxy(databaseUrl: string): Promise<{ proxy: WireProxy; url: string }> {
  const proxy = await startWireProxy(databaseUrl)
  onTestFinished(() => proxy.close())
  return { proxy, url: proxy.url }
}
