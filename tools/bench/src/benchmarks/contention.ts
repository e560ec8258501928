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
  async run(context) {
    const url = await context.migrated()
    await addMachines(url, machines)
    await using bmdb = await openBMDB(url, { poolSize: 16 })
    const sessions = await Promise.all(
      Array.from({ length: workers }, () => bmdb.connection.startSession({ intervalSeconds: 60 })),
    )
    const seconds = context.quick ? 1 : 8
    let fewest = Infinity
    let most = 0
    const busy = async (): Promise<number> => {
      let busyMs = 0
      const turns = Array<number>(workers).fill(0)
      const startMs = performance.now()
      const endMs = startMs + seconds * 1_000
      await Promise.all(
        sessions.map(async (session, worker) => {
          while (performance.now() < endMs) {
            const work = await session.startWork('Bench', (tx) => claimable(tx, 'Bench', { limit: machines }))
            if (work === null) {
              await sleep(10 + Math.random() * 20)
              continue
            }
            const fromMs = performance.now()
            turns[worker]! += 1
            await sleep(100 + Math.random() * 400)
            busyMs += Math.min(performance.now(), endMs) - fromMs
            await work.finish()
          }
        }),
      )
      fewest = Math.min(...turns)
      most = Math.max(...turns)
      return (100 * busyMs) / (machines * seconds * 1_000)
    }
    const rounds = Math.min(context.rounds, 3)
    const figures = await inTurn({ ...context, rounds }, { BMDB: busy })
    return [
      {
        what: `${workers} workers, ${machines} machines, held for 100 to 500 ms`,
        against: 'perfect packing: every machine always held',
        figure: `${figures.BMDB.toFixed(1)} % busy`,
        other: '100 %',
        value: figures.BMDB / 100,
        target: { least: 0.9 },
        note: `turns of a worker: ${fewest} to ${most}`,
      },
      {
        what: 'turns of the worker that had the fewest of them',
        against: 'none: it would starve',
        figure: String(fewest),
        other: '0',
        value: fewest,
        target: { least: 1 },
      },
    ]
  },
}
