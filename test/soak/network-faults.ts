import { setTimeout as sleep } from 'node:timers/promises'
import { cockroachErrors, type Fault as WireFault, type WireProxy } from '@bmdb/testing'
import type { Due, Fault } from './faults.ts'
import type { PlannedFault } from './plan.ts'
import { oneOf, type Line } from './world.ts'

type NetworkFault =
  | 'close connections'
  | 'reset connections'
  | 'break connections for the client alone'
  | 'black hole'
  | 'black hole, new connections too'
  | 'refuse connections'
  | 'slow network'
  | 'lose the answer of COMMIT'
  | 'hold the answer of COMMIT'
  | 'break at a statement'
  | 'storm of conflicts'

/** What happens to connections, and to single statements on them. */
export const networkFaults: Readonly<Record<NetworkFault, Fault>> = {
  'close connections': now((proxy) => proxy.cut()),
  'reset connections': now((proxy) => proxy.cut('reset')),
  'break connections for the client alone': now((proxy) => proxy.forsake()),
  'black hole': forAWhile((proxy, planned) => {
    proxy.freeze()
    return () => passAgain(proxy, planned)
  }),
  'black hole, new connections too': forAWhile((proxy, planned) => {
    proxy.silence()
    return () => passAgain(proxy, planned)
  }),
  'refuse connections': forAWhile((proxy) => {
    proxy.refuse()
    return () => proxy.restore()
  }),
  'slow network': forAWhile((proxy, { variant }) => {
    proxy.delay(10 + variant * 150)
    return () => proxy.delay(0)
  }),
  'storm of conflicts': forAWhile((proxy, { variant }) => {
    const match = variant < 0.5 ? /bmdb_|soak_/ : /^COMMIT$/
    return proxy.every(match, { do: 'answer', with: cockroachErrors.restartTransaction, when: 'instead' }, 0.3)
  }),
  'lose the answer of COMMIT': atStatement(/^COMMIT$/, [
    { do: 'cut', when: 'during' },
    { do: 'cut', when: 'after' },
    { do: 'cut', when: 'after', how: 'reset' },
    { do: 'cut', when: 'before' },
    { do: 'answer', with: cockroachErrors.ambiguous, when: 'after' },
    { do: 'answer', with: cockroachErrors.rangeUnavailable, when: 'after' },
  ]),
  'break at a statement': atStatement(/bmdb_|soak_/, [
    { do: 'cut', when: 'before' },
    { do: 'cut', when: 'after' },
    { do: 'answer', with: cockroachErrors.draining, when: 'instead' },
    { do: 'answer', with: cockroachErrors.tooManyConnections, when: 'instead' },
    { do: 'delay', when: 'after', ms: 500 },
  ]),
  'hold the answer of COMMIT': async (due) => {
    const line = freeLine(due)
    if (line === undefined) return
    line.busy = true
    const held = line.proxy.next(/^COMMIT$/, { do: 'hold', when: due.planned.variant < 0.7 ? 'after' : 'before' })
    await Promise.race([held.then(due.happened), wait(comesMs, due)])
    await wait(lengthMs(due), due)
    passAgain(line.proxy, due.planned)
    line.busy = false
  },
}

/** How long a statement that is meant may take to come. */
const comesMs = 5_000

function freeLine({ world, planned }: Due): Line | undefined {
  return oneOf(
    world.lines.filter(({ busy }) => !busy),
    planned.target,
  )
}

/** Does something at once. */
function now(act: (proxy: WireProxy) => void): Fault {
  return (due) => {
    const line = freeLine(due)
    if (line === undefined) return
    act(line.proxy)
    due.happened()
  }
}

/** Does something, and undoes it after a while. */
function forAWhile(begin: (proxy: WireProxy, planned: PlannedFault) => () => void): Fault {
  return async (due) => {
    const line = freeLine(due)
    if (line === undefined) return
    line.busy = true
    const undo = begin(line.proxy, due.planned)
    due.happened()
    await wait(lengthMs(due), due)
    undo()
    line.busy = false
  }
}

/** One of the faults at the next statement that matches, whenever that comes. */
function atStatement(match: RegExp, variants: readonly WireFault[]): Fault {
  return (due) => {
    const line = freeLine(due)
    void line?.proxy.next(match, oneOf(variants, due.planned.variant)!).then(due.happened)
  }
}

/** From a moment to one and a half times the interval. */
function lengthMs({ world, planned }: Due): number {
  return 100 + planned.length * 1.5 * world.intervalMs
}

/** What was held back comes late, or never. */
function passAgain(proxy: WireProxy, { variant }: PlannedFault): void {
  if (variant * 10 - Math.floor(variant * 10) < 0.5) proxy.restore()
  else proxy.heal()
}

async function wait(ms: number, { signal }: Due): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
