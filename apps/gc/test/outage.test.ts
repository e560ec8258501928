import { startPrivateServer } from '@bmdb/embedded'
import { prometheusMetrics } from '@bmdb/core/prometheus'
import { Registry } from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { sweepPass } from '../src/pass.ts'
import { Readiness } from '../src/readiness.ts'
import { runLoop } from '../src/run-loop.ts'
import { systemTime } from '../src/time.ts'
import { Unanswered } from '../src/unanswered.ts'
import { FakeLog } from './fake-log.ts'
import { leaveExpired, migrate, open } from './setup.ts'

test('when the database goes away that is said once, and what had expired at once is swept and told when it is back', async () => {
  const server = await startPrivateServer({ durable: false })
  onTestFinished(() => server.close())
  await migrate(server.url)
  const connection = await open(server.url)
  await leaveExpired(connection, 3, -1)

  const log = new FakeLog()
  const controller = new AbortController()
  const readiness = new Readiness(0.1, systemTime)
  readiness.opened()
  const loop = runLoop({
    pass: sweepPass(connection, { limit: 100, graceSeconds: 0, timeoutMs: 500 }),
    intervalSeconds: 0.1,
    log,
    time: systemTime,
    observers: [readiness],
    signal: controller.signal,
  })
  await expect.poll(() => readiness.reasons()).toEqual([])
  await server.kill()
  await expect.poll(() => log.lines.length, { timeout: 5_000 }).toBe(1)
  expect(log.lines[0]).toMatchObject({ level: 'error' })
  expect(log.lines[0]!.message).toMatch(/^sweeping fails, trying until it works again: .*cannot be reached/)
  expect(readiness.reasons()).toEqual([expect.stringMatching(/^the last sweep failed: .*cannot be reached/)])
  await systemTime.sleep(2_000, controller.signal)
  expect(log.lines).toHaveLength(1)

  await server.start()
  await expect.poll(() => log.lines.length, { timeout: 10_000 }).toBe(3)
  expect(log.lines[1]!.message).toMatch(/^sweeping works again after [\d.]+ s$/)
  expect(log.lines[2]).toMatchObject({
    level: 'warn',
    message: 'expired at once, while sweeping failed: 3 sessions holding 3 pieces of work',
    fields: { sessions: 3, work: 3 },
  })
  expect(readiness.reasons()).toEqual([])

  await server.stop()
  const startMs = performance.now()
  controller.abort(new Error('enough'))
  await loop
  expect(performance.now() - startMs).toBeLessThan(1_000)
})

test('a sweep that begins while the database is away, and outlasts that, says so', async () => {
  const server = await startPrivateServer({ durable: false })
  onTestFinished(() => server.close())
  await migrate(server.url)
  const unanswered = new Unanswered()
  const connection = await open(server.url, { metrics: unanswered.listeningTo(prometheusMetrics(new Registry())) })
  const pass = sweepPass(connection, { limit: 100, graceSeconds: 0 }, unanswered)
  const never = new AbortController().signal
  await leaveExpired(connection, 3)
  await server.kill()
  const outlasting = pass(never)
  await systemTime.sleep(1_000, never)
  await server.start()
  expect(await outlasting).toEqual({ sessions: 3, work: 3, full: false, outlasted: true })
  expect(await pass(never)).toEqual({ sessions: 0, work: 0, full: false, outlasted: false })

  // One connection that breaks is no outage.
  await connection.prisma.$queryRaw`
    SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE pid <> pg_backend_pid()`
  expect(await pass(never)).toMatchObject({ outlasted: false })
})
