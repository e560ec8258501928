import { setTimeout as sleep } from 'node:timers/promises'
import type { Due, Fault } from './faults.ts'
import type { WorkerMessage } from './orders.ts'
import type { Slot } from './slot.ts'
import { oneOf, type World } from './world.ts'

type ProgramFault =
  | 'kill a worker'
  | 'stop a worker'
  | 'end sessions'
  | 'step a clock'
  | 'pause between claim and finish'
  | 'kill a collector'
  | 'stop a collector'

/** So late that a holder is told only after others had time to take over, and in time for those that still hold. */
const beatLateMs = 600

/** What happens to programs. */
export const programFaults: Readonly<Record<ProgramFault, Fault>> = {
  'kill a worker': (due) => kill(due.world.workers, due),
  'kill a collector': (due) => kill(due.world.collectors, due),
  'stop a worker': (due) => stop(due.world.workers, due),
  'stop a collector': (due) => stop(due.world.collectors, due),
  'end sessions': async ({ world, planned, signal, happened }) => {
    // Their beats are late, too: until they are told, or their own deadlines pass, they hold in good faith, and only the
    // guards are in their way.
    const late = world.lines.map(({ proxy }) =>
      proxy.every('bmdb_beat', { do: 'delay', ms: beatLateMs, when: 'before' }),
    )
    const fromNs = process.hrtime.bigint()
    const toNs = fromNs + BigInt(world.intervalMs) * 1_000_000n
    const holders = await world.ledger.endSome(1 + Math.floor(planned.length * 4)).catch(() => [])
    for (const holder of holders) world.happenings.pauses.push({ holder, fromNs, toNs })
    if (holders.length > 0) happened()
    await sleep(beatLateMs, undefined, { signal }).catch(() => {})
    for (const end of late) end()
  },
  // Up to an hour, back and forth.
  'step a clock': (due) => tell(due, { do: 'step the clock', ms: Math.round((due.planned.variant - 0.5) * 7_200_000) }),
  'pause between claim and finish': (due) =>
    tell(due, { do: 'pause', ms: spanMs(due), blocking: due.planned.variant < 0.3 }),
}

/** From a moment to twice the interval: shorter than the deadline, and longer. */
function spanMs({ world, planned }: { world: World; planned: Due['planned'] }): number {
  return 100 + planned.length * 2 * world.intervalMs
}

function freeOne(slots: readonly Slot[], target: number): Slot | undefined {
  return oneOf(
    slots.filter(({ free }) => free),
    target,
  )
}

function kill(slots: readonly Slot[], { planned, happened }: Due): void {
  const slot = freeOne(slots, planned.target)
  if (slot === undefined) return
  slot.kill()
  happened()
}

async function stop(slots: readonly Slot[], due: Due): Promise<void> {
  const slot = freeOne(slots, due.planned.target)
  if (slot === undefined) return
  slot.busy = true
  due.happened()
  await slot.stop(spanMs(due), due.signal)
  slot.busy = false
}

function tell({ world, planned, happened }: Due, message: WorkerMessage): void {
  const slot = freeOne(world.workers, planned.target)
  if (slot === undefined) return
  slot.program.send(message)
  happened()
}
