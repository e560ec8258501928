import { PgBoss } from 'pg-boss'

/** pg-boss on a database of its own. */
export interface Boss extends AsyncDisposable {
  /** Fetches and completes one job at a time. @returns jobs per second */
  single(jobs: number, loops: number): Promise<number>
  batched(jobs: number, loops: number, batch: number): Promise<number>
}

export async function pgBoss(connectionString: string, loops: number): Promise<Boss> {
  const boss = new PgBoss({ connectionString, max: loops + 1, schedule: false, supervise: false })
  boss.on('error', () => {})
  await boss.start()
  await boss.createQueue('noop')

  const complete = async (jobs: number, running: number, batch: number): Promise<number> => {
    for (let left = jobs; left > 0; left -= 5_000)
      await boss.insert(
        'noop',
        Array.from({ length: Math.min(left, 5_000) }, () => ({ data: {} })),
      )
    const startMs = performance.now()
    await Promise.all(
      Array.from({ length: running }, async () => {
        for (;;) {
          const fetched = await boss.fetch('noop', { batchSize: batch })
          if (fetched.length === 0) return
          await boss.complete(
            'noop',
            fetched.map((job) => job.id),
          )
        }
      }),
    )
    return (jobs * 1_000) / (performance.now() - startMs)
  }
  return {
    single: (jobs, running) => complete(jobs, running, 1),
    batched: (jobs, running, batch) => complete(jobs, running, batch),
    async [Symbol.asyncDispose]() {
      await boss.stop({ graceful: false })
    },
  }
}
