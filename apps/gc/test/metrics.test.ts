import { programRegistry } from '@bmdb/program'
import { startWireProxy } from '@bmdb/testing'
import { expect, onTestFinished, test } from 'vitest'
import { collectorMetrics } from '../src/metrics.ts'
import { leaveExpired, open, testDatabase } from './setup.ts'

test('sessions are counted when metrics are read, and not told while the database does not answer', async () => {
  const databaseUrl = await testDatabase()
  const proxy = await startWireProxy(databaseUrl)
  onTestFinished(() => proxy.close())
  const registry = programRegistry('gc', () => [])
  const metrics = collectorMetrics(registry)
  const told = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('bmdb_sessions'))
  expect(await told()).toEqual([])
  metrics.opened(await open(proxy.url))
  const direct = await open(databaseUrl)
  await direct.startSession()
  await leaveExpired(direct, 2)
  const counted = ['bmdb_sessions{state="alive"} 1', 'bmdb_sessions{state="expired"} 2']
  expect(await told()).toEqual(counted)
  await direct.sweep()
  expect(await told()).toEqual([counted[0], 'bmdb_sessions{state="expired"} 0'])
  proxy.silence()
  const startMs = performance.now()
  expect(await told()).toEqual([])
  // Who reads them does not wait for long.
  expect(performance.now() - startMs).toBeLessThan(5_000)
})
