import type { PrismaClientLike } from '@bmdb/core'
import { pause } from './clock.ts'
import { messageOf } from './log.ts'
import type { Process } from './process.ts'
import type { RunnerContext } from './runner-context.ts'

const states = ['eligible', 'held', 'backoff', 'parked'] as const

/** Counts how the fleet's machines stand for each process, every so often, until the signal aborts. Never rejects. */
export async function gatherCounts<Client extends PrismaClientLike>(
  context: RunnerContext<Client>,
  processes: readonly Process<Client>[],
  everySeconds: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const { name } of processes)
      await gather(context, name, signal).catch((error: unknown) => {
        if (!signal.aborted)
          context.logger.debug('machines could not be counted', { process: name, error: messageOf(error) })
      })
    // A little more or less: many programs count.
    await pause(everySeconds * 1_000 * (0.9 + Math.random() / 5), signal)
  }
}

async function gather<Client extends PrismaClientLike>(
  { connection, metrics }: RunnerContext<Client>,
  process: string,
  signal: AbortSignal,
): Promise<void> {
  const counts = await connection.fleet.counts(process, { signal })
  for (const state of states) {
    const count = counts[state]
    // Where this program cannot judge the condition, no number is better than a wrong one.
    if (count !== null) metrics.gauge('bmdb_process_machines', { process, state }, count)
  }
  metrics.gauge('bmdb_machines_locked_out', {}, counts.lockedOut)
  if (counts.eligible === null) return
  const waitedMs = counts.waitingSince === null ? 0 : Date.now() - counts.waitingSince.getTime()
  metrics.gauge('bmdb_process_longest_wait_seconds', { process }, Math.max(0, waitedMs) / 1_000)
}
