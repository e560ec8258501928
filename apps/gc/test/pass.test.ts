import { setMaxListeners } from 'node:events'
import { expect, test } from 'vitest'
import { sweepPass } from '../src/pass.ts'
import { runLoop, type LoopObserver } from '../src/run-loop.ts'
import { systemTime } from '../src/time.ts'
import { FakeLog } from './fake-log.ts'
import { counts, leaveExpired, open, testDatabase } from './setup.ts'

const never = new AbortController().signal

test('a pass removes expired sessions and their work, up to its limit, and leaves live ones', async () => {
  const connection = await open(await testDatabase())
  const live = await connection.startSession({ intervalSeconds: 60 })
  await leaveExpired(connection, 5)
  const pass = sweepPass(connection, { limit: 3, graceSeconds: 0 })
  expect(await pass(never)).toEqual({ sessions: 3, work: 3, full: true, outlasted: false })
  expect(await pass(never)).toEqual({ sessions: 2, work: 2, full: false, outlasted: false })
  expect(await counts(connection)).toEqual({ sessions: 1, work: 0, expired: 5 })
  await live.close()
})

test('within the grace expired sessions are left alone', async () => {
  const connection = await open(await testDatabase())
  await leaveExpired(connection, 1, 5)
  await leaveExpired(connection, 1, 60)
  expect(await sweepPass(connection, { limit: 10, graceSeconds: 30 })(never)).toMatchObject({ sessions: 1 })
})

test('ten collectors at once are harmless: each session is swept once', async () => {
  const databaseUrl = await testDatabase()
  const connections = await Promise.all(Array.from({ length: 10 }, () => open(databaseUrl, { poolSize: 1 })))
  const first = connections[0]!
  await leaveExpired(first, 400)
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const log = new FakeLog()
  let sessions = 0
  let passes = 0
  const observer: LoopObserver = {
    swept(result) {
      sessions += result.sessions
      if (!result.full && sessions === 400 && (passes += 1) === 10) controller.abort(new Error('enough'))
    },
    failed: (error) => log.error(String(error)),
  }
  await Promise.all(
    connections.map((connection) =>
      runLoop({
        pass: sweepPass(connection, { limit: 20, graceSeconds: 0 }),
        intervalSeconds: 0.1,
        log,
        time: systemTime,
        observers: [observer],
        signal: controller.signal,
      }),
    ),
  )
  expect(log.lines.filter(({ level }) => level !== 'info')).toEqual([])
  expect(sessions).toBe(400)
  expect(await counts(first)).toEqual({ sessions: 0, work: 0, expired: 400 })
})
