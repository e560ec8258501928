import { PgBoss } from 'pg-boss'
import { settle } from '../bmdb.ts'

/** pg-boss on a database of its own. */
export interface Boss extends AsyncDisposable {
  /** Fetches and completes `batch` jobs at a time, in that many loops. @returns jobs per second */
  complete(jobs: number, loops: number, batch: number): Promise<number>
}

export async function pgBoss(connectionString: string, connections: number): Promise<Boss> {
  const boss = new PgBoss({ connectionString, max: connections + 1, schedule: false, supervise: false })
  boss.on('error', () => {})
  await boss.start()
  await boss.createQueue('noop')

  return {
    async complete(jobs, loops, batch) {
      // It keeps what is completed; each turn begins with the same queue.
      await boss.deleteAllJobs('noop')
      for (let left = jobs; left > 0; left -= 5_000)
        await boss.insert(
          'noop',
          Array.from({ length: Math.min(left, 5_000) }, () => ({ data: {} })),
        )
      await settle(connectionString)
      const startMs = performance.now()
      let done = 0
      const loop = async (): Promise<void> => {
        for (;;) {
          const fetched = await boss.fetch('noop', { batchSize: batch })
          if (fetched.length === 0) return
          // By the job, not by its id: then it fences the completion, as BMDB does.
          const { affected } = (await boss.complete('noop', fetched)) as { affected: number }
          done += affected
        }
      }
      await Promise.all(Array.from({ length: loops }, loop))
      const ms = performance.now() - startMs
      if (done !== jobs) throw new Error(`pg-boss completed ${done} of ${jobs} jobs`)
      return (jobs * 1_000) / ms
    },
    async [Symbol.asyncDispose]() {
      await boss.stop({ graceful: false })
    },
  }
}
