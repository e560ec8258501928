// A worker of the soak: claims machines, counts on them, and writes down what it does and what it is told.
import { setTimeout as sleep } from 'node:timers/promises'
import { BMDB, isBMDBError, type Connection, type Metrics, type PrismaClient } from '@bmdb/core'
import { shiftWallClock } from '@bmdb/testing'
import type { WorkerMessage, WorkerOrders, WorkerReady } from './orders.ts'
import { Random } from './random.ts'
import { Recorder } from './records.ts'
import { watchStarvation } from './starvation.ts'
import { Worker } from './worker.ts'

/** Whoever does not end by itself within this time hangs. */
const endMs = 15_000

const orders = JSON.parse(process.argv[2]!) as WorkerOrders
const recorder = new Recorder(orders.recordFile)
const ending = new AbortController()
const stopWatching = watchStarvation(recorder)
const worker = new Worker(orders, recorder, new Random(orders.seed), ending.signal)

process.on('message', (message: WorkerMessage) => {
  if (message.do === 'step the clock') shiftWallClock(message.ms)
  else if (message.do === 'pause') worker.pauseNext(message)
  else {
    ending.abort(new Error('the soak is over'))
    setTimeout(() => {
      recorder.write({ is: 'unexpected', error: `it did not end within ${endMs} ms` })
      process.exit(1)
    }, endMs).unref()
  }
})
// The soak ends its programs itself: a Ctrl-C is for the soak.
process.on('SIGINT', () => {})
// Only the messages keep it from ending when it is done.
process.channel?.unref()

const connection = await open()
if (connection !== undefined) {
  process.send?.({ ready: true } satisfies WorkerReady)
  await worker.work(connection)
  await connection.close()
}
stopWatching()
recorder.close()

/** Opens the database, as often as it takes; undefined if it is over before that. */
async function open(): Promise<Connection<PrismaClient> | undefined> {
  const { name, databaseUrl } = orders
  const bmdb = new BMDB({ databaseUrl, componentName: name, metrics: metrics(), poolSize: 4 })
  while (!ending.signal.aborted)
    try {
      return await bmdb.open({ signal: ending.signal })
    } catch (error) {
      if (!isBMDBError(error, 'ERR_DATABASE_UNAVAILABLE') && !isBMDBError(error, 'ERR_TRANSACTION_TIMEOUT')) {
        if (!ending.signal.aborted) recorder.write({ is: 'unexpected', error: `open: ${String(error)}` })
      }
      await sleep(200)
    }
  return undefined
}

function metrics(): Metrics {
  return {
    count(name, labels) {
      if (name === 'bmdb_transaction_retries_total')
        recorder.write({ is: 'retry', reason: (labels as { reason: string }).reason })
      else if (name === 'bmdb_work_claimed_total' && (labels as { takeover: string }).takeover === 'yes')
        recorder.write({ is: 'takeover' })
      else if (name === 'bmdb_sessions_ended_total')
        recorder.write({ is: 'lost', reason: (labels as { reason: string }).reason })
    },
    observe() {},
  }
}
