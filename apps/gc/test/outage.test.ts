import { startPrivateServer } from '@bmdb/embedded'
import { expect, onTestFinished, test } from 'vitest'
import { sweepPass } from '../src/pass.ts'
import { Readiness } from '../src/readiness.ts'
import { runLoop } from '../src/run-loop.ts'
import { systemTime } from '../src/time.ts'
import { FakeLog } from './fake-log.ts'
import { leaveExpired, migrate, open } from './setup.ts'

test('when the database goes away that is said once, and what had expired is swept when it is back', async () => {
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
  await expect.poll(() => log.lines.length, { timeout: 10_000 }).toBe(2)
  expect(log.lines[1]!.message).toMatch(
    /^sweeping works again after [\d.]+ s; 3 sessions holding 3 work had expired meanwhile$/,
  )
  expect(readiness.reasons()).toEqual([])

  await server.stop()
  const startMs = performance.now()
  controller.abort(new Error('enough'))
  await loop
  expect(performance.now() - startMs).toBeLessThan(1_000)
})
