import { startWireProxy, gate } from '@bmdb/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { defineProcess } from '../src/index.ts'
import { eventually, fleet, pause, start, testDatabase, untilAborted } from './setup.ts'

const because = { reason: 'a test' }

describe('a lost session', () => {
  test('aborts every run, waits for them, and is followed by a new one; nothing exits', async () => {
    const made = await fleet(2)
    const go = gate()
    const settled: bigint[] = []
    const process = defineProcess({
      name: 'P',
      run: async ({ signal, token }) => {
        if (token > 1n) return
        await untilAborted(signal).catch(() => {})
        await go.opened
        settled.push(token)
      },
    })
    const { runner, until, told, log } = await made.start([process], { intervalSeconds: 3 })
    await until('claimed', 2)
    const { sessionId } = await until('sessionStarted')
    await made.connection.operator('ann').endSession(sessionId, because)
    expect(await until('sessionLost')).toMatchObject({ sessionId, error: { code: 'ERR_SESSION_EXPIRED' } })
    expect(runner.session).toBeUndefined()
    // They are waited for.
    expect(runner.running).toHaveLength(2)
    await pause(400)
    expect(told('sessionStarted')).toHaveLength(1)
    go.open()
    const next = await until('sessionStarted', 2)
    expect(settled).toHaveLength(2)
    expect(next.sessionId).not.toBe(sessionId)
    expect(runner.session?.id).toBe(next.sessionId)
    expect(told('lost')).toHaveLength(2)
    await until('finished', 2)
    for (const machineId of made.machineIds)
      expect((await made.database.events(machineId)).slice(0, 4)).toEqual([
        'Started',
        'Released',
        'Started',
        'Finished',
      ])
    expect(log.said('lost the session, starting a new one')).toHaveLength(1)
  })

  test('does not wait for a run that is deaf for longer than the grace', async () => {
    const made = await fleet(1)
    const process = defineProcess({
      name: 'P',
      run: ({ token }) => (token === 1n ? new Promise<void>(() => {}) : undefined),
    })
    const { until } = await made.start([process], { intervalSeconds: 3, graceSeconds: 0.3 })
    await until('claimed')
    const { sessionId } = await until('sessionStarted')
    await made.connection.operator('ann').endSession(sessionId, because)
    await until('abandoned')
    await until('finished')
  })

  test('of many runners at once lets them have new ones at once, and ask for work one after the other', async () => {
    const made = await fleet(0)
    const process = defineProcess({ name: 'P', run: () => {} })
    const runners = await Promise.all(Array.from({ length: 12 }, () => made.start([process], { intervalSeconds: 6 })))
    const waitedMs = runners.map(async ({ runner, until }) => {
      await until('idle')
      const { sessionId } = await until('sessionStarted')
      const asked = new Promise<number>((resolve) => {
        let startedMs: number
        runner.on('sessionStarted', () => (startedMs = performance.now()))
        runner.on('idle', () => resolve(performance.now() - startedMs))
      })
      await made.connection.operator('ann').endSession(sessionId, because)
      return asked
    })
    const all = await Promise.all(waitedMs)
    // Within half the interval, and spread over it.
    expect(Math.max(...all)).toBeLessThan(4_000)
    expect(Math.max(...all)).toBeGreaterThan(1_000)
    expect(Math.min(...all)).toBeLessThan(1_500)
    const together = all.map((one) => all.filter((other) => other >= one && other < one + 250).length)
    expect(Math.max(...together)).toBeLessThan(8)
  })
})

test('a runner that can start no session says why once, goes on trying, and says when it can', async () => {
  const database = await testDatabase()
  const proxy = await startWireProxy(database.url)
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  const connection = await database.open({ databaseUrl: proxy.url })
  const process = defineProcess({ name: 'P', run: () => {} })
  const { until, told, log, runner } = await start(connection, [process], { intervalSeconds: 1, pollSeconds: 0.1 })
  await until('sessionStarted')
  proxy.refuse({ sqlState: '28P01', message: 'password authentication failed' })
  proxy.cut('close')
  await until('sessionLost')
  const said = () => log.said('no session can be started, trying until one can')
  await eventually('tried many times', () => said().length >= 5)
  expect(said().filter((line) => line.level === 'warn')).toHaveLength(1)
  expect(runner.session).toBeUndefined()
  proxy.heal()
  await until('sessionStarted', 2)
  expect(told('sessionLost')).toHaveLength(1)
})

test('an outage that the session survives is one trouble, however often claims fail', async () => {
  const made = await fleet(0)
  const { until, log } = await made.start(
    [defineProcess({ name: 'P', eligible: { sql: 'm.no_such_column' }, run: () => {} })],
    { pollSeconds: 0.05 },
  )
  await until('claimFailed', 5)
  const lines = log.said('machines cannot be claimed, trying until they can')
  expect(lines.filter((line) => line.level === 'warn')).toHaveLength(1)
})
