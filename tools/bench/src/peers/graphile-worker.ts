import { Logger, makeWorkerUtils, run, type RunnerOptions } from 'graphile-worker'
import { Pool } from 'pg'
import { settle } from '../bmdb.ts'

/** graphile-worker on a database of its own. */
export interface GraphileWorker extends AsyncDisposable {
  /** Fetches and completes one job at a time. @returns jobs per second */
  single(jobs: number, loops: number): Promise<number>
  /** As fast as it can, with the settings that its own measurements use. */
  batched(jobs: number): Promise<number>
}

const silent = new Logger(() => () => {})

export async function graphileWorker(connectionString: string): Promise<GraphileWorker> {
  const utils = await makeWorkerUtils({ connectionString, logger: silent })
  await utils.migrate()

  const complete = async (jobs: number, options: RunnerOptions): Promise<number> => {
    await utils.addJobs(Array.from({ length: jobs }, () => ({ identifier: 'noop', payload: {} })))
    await settle(connectionString)
    let startMs = 0
    let done = 0
    let finished = (): void => {}
    const all = new Promise<void>((resolve) => (finished = resolve))
    const noop = async (): Promise<void> => {
      // Its start, which looks at migrations and connects, is not counted.
      if (done === 0) startMs = performance.now()
      done += 1
      if (done === jobs) finished()
    }
    const runner = await run({ ...options, taskList: { noop }, noHandleSignals: true, logger: silent })
    await all
    // What its stop waits for is counted: until then the last ones are not completed.
    await runner.stop()
    return (jobs * 1_000) / (performance.now() - startMs)
  }

  return {
    single: async (jobs, loops) => {
      const pgPool = new Pool({ connectionString, max: loops + 2 })
      pgPool.on('error', () => {})
      pgPool.on('connect', (client) => client.on('error', () => {}))
      try {
        return await complete(jobs, { pgPool, concurrency: loops })
      } finally {
        await pgPool.end()
      }
    },
    batched: (jobs) =>
      complete(jobs, {
        preset: {
          worker: {
            connectionString,
            concurrentJobs: 24,
            maxPoolSize: 25,
            localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
      }),
    async [Symbol.asyncDispose]() {
      await utils.release()
    },
  }
}
