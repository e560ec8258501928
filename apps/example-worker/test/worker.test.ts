import type { Connection, PrismaClient, Session } from '@bmdb/core'
import type { Log } from '@bmdb/program'
import { expect, test } from 'vitest'
import type { WorkerSettings } from '../src/config.ts'
import { runWorker } from '../src/worker.ts'

/** A worker on a connection that answers each request for a session as the function says, given its number. */
function worker(startSession: (attempt: number) => Promise<Session<PrismaClient>>) {
  const lines: string[] = []
  const line =
    (level: string) =>
    (message: string): void =>
      void lines.push(`${level}: ${message}`)
  const log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
  const stop = new AbortController()
  let attempts = 0
  const running = runWorker({
    connection: { startSession: () => startSession(++attempts) } as unknown as Connection<PrismaClient>,
    settings: { concurrency: 1, intervalSeconds: 5, pollSeconds: 0.001, drainSeconds: 0 } as WorkerSettings,
    log: log as unknown as Log,
    signal: stop.signal,
  })
  return { running, lines, stop: () => stop.abort() }
}

test('a worker that can start no session says why once, and again when it is something else', async () => {
  const { running, lines, stop } = worker(async (attempt) => {
    if (attempt === 20) stop()
    throw new Error(attempt < 10 ? 'the database cannot be reached' : 'wrong password')
  })
  expect(running.notReady()).toEqual(['there is no session'])
  await running.ended
  const warnings = lines.filter((line) => line.startsWith('warn'))
  expect(warnings).toEqual(Array(2).fill('warn: no session can be started, trying until one can'))
  // The last attempt was ended by the stop: that is no trouble.
  expect(lines.filter((line) => line.startsWith('debug'))).toHaveLength(17)
})
