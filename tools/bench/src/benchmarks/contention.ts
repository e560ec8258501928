import { setTimeout as sleep } from 'node:timers/promises'
import { claimable } from '@bmdb/core'
import type { Benchmark } from '../benchmark.ts'
import { addMachines, openBMDB } from '../bmdb.ts'
import { inTurn } from '../measure.ts'

const workers = 32
const machines = 8

/** Many workers, few machines: how busy the machines are kept, and whether everybody has a turn. */
export const contention: Benchmark = {
  name: 'contention',
  about: '32 workers on 8 machines, held for random times, beside machines that are always busy',
  reading: `Thirty-two workers, each with a session of its own, want eight machines. Who gets one holds it for 100 to 500 ms; who gets
none looks again 20 to 60 ms later. A machine counts as busy from the return of its claim to the call of its finish, so
both of these, and the time until somebody looks, are what is lost. All workers are in one program with sixteen
connections.`,
  async run(context) {
    const { quick, signal } = context
    const url = await context.migrated()
    await addMachines(url, machines)
    await using bmdb = await openBMDB(url, { poolSize: 16 })
    const sessions = await Promise.all(
      Array.from({ length: workers }, () => bmdb.connection.startSession({ intervalSeconds: 60 })),
    )
    const seconds = quick ? 2 : 10
    const rounds = Math.min(context.rounds, 3)
    const turns = Array<number>(workers).fill(0)
    const busy = async (): Promise<number> => {
      let busyMs = 0
      const endMs = performance.now() + seconds * 1_000
      const worker = async (session: (typeof sessions)[number], index: number): Promise<void> => {
        while (performance.now() < endMs) {
          signal.throwIfAborted()
          const work = await session.startWork('Bench', (tx) => claimable(tx, 'Bench', { limit: machines }))
          if (work === null) {
            await sleep(20 + Math.random() * 40)
            continue
          }
          const fromMs = performance.now()
          await sleep(100 + Math.random() * 400)
          busyMs += Math.max(0, Math.min(performance.now(), endMs) - fromMs)
          turns[index]! += 1
          await work.finish()
        }
      }
      await Promise.all(sessions.map(worker))
      return (100 * busyMs) / (machines * seconds * 1_000)
    }
    const figures = await inTurn({ ...context, rounds }, { 'BMDB, % busy': busy })
    const { median, lowest, highest } = figures['BMDB, % busy']
    const fewest = Math.min(...turns)
    return [
      {
        what: `${workers} workers, ${machines} machines, held for 100 to 500 ms`,
        against: 'perfect packing: every machine always held',
        figure: `${median.toFixed(1)} % busy (${lowest.toFixed(1)} to ${highest.toFixed(1)})`,
        other: '100 %',
        value: median / 100,
        target: { least: 0.9 },
      },
      {
        what: `turns of the worker that had the fewest, in ${seconds * (rounds + 1)} s`,
        against: 'none: it would starve',
        figure: String(fewest),
        other: `${Math.max(...turns)} of the one that had the most`,
        value: fewest,
        target: { least: 1 },
      },
    ]
  },
}
