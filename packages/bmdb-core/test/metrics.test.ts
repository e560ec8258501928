import { Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { claimable } from '../src/index.ts'
import { prometheusMetrics } from '../src/prometheus.ts'
import { eventually, expire, recordingMetrics, rejection } from './helpers.ts'
import { testDatabase } from './setup.ts'

describe('metrics', () => {
  test('count sessions from their start to their end, by reason', async () => {
    const database = await testDatabase()
    const metrics = recordingMetrics()
    const connection = await database.open({ metrics })
    const closed = await connection.startSession()
    await closed.close()
    await closed.close()
    const caller = new AbortController()
    await connection.startSession({ signal: caller.signal })
    caller.abort()
    const lost = await connection.startSession()
    await database.sql('DELETE FROM sessions WHERE session_id = $1', lost.id)
    await rejection(lost.transact(async () => {}))
    expect(metrics.counted('bmdb_sessions_started_total')).toBe(3)
    for (const reason of ['closed', 'caller', 'deleted'])
      expect(metrics.counted('bmdb_sessions_ended_total', { reason })).toBe(1)
  })

  test('count beats by how they went, and the slack that was left', async () => {
    const database = await testDatabase()
    const metrics = recordingMetrics()
    const connection = await database.open({ metrics })
    const session = await connection.startSession({ intervalSeconds: 1 })
    await eventually('a beat', () => metrics.counted('bmdb_beats_total', { result: 'acknowledged' }) > 0)
    expect(metrics.observed.find((one) => one.name === 'bmdb_beat_slack_seconds')!.seconds).toBeLessThanOrEqual(0.8)
    await expire(database, session.id)
    await eventually('a refusal', () => metrics.counted('bmdb_beats_total', { result: 'refused' }) === 1)
    // A beat is no transaction.
    expect(metrics.counted('bmdb_transactions_total')).toBe(0)
  })

  test('an idle worker that finds nothing counts no failures', async () => {
    const database = await testDatabase()
    const metrics = recordingMetrics()
    const connection = await database.open({ metrics })
    const session = await connection.startSession()
    expect(await session.startWork('P', (tx) => claimable(tx, 'P'))).toBeNull()
    expect(metrics.counted('bmdb_transactions_total', { result: 'failed' })).toBe(0)
  })

  test('the adapter for Prometheus exposes all of them, and one registry serves any number of BMDBs', async () => {
    const database = await testDatabase()
    const registry = new Registry()
    const first = await database.open({ metrics: prometheusMetrics(registry) })
    const second = await database.open({ metrics: prometheusMetrics(registry) })
    for (const connection of [first, second]) {
      const session = await connection.startSession()
      await session.transact(async () => {})
      await session.close()
    }
    const text = await registry.metrics()
    expect(text).toContain('bmdb_sessions_started_total 2\n')
    expect(text).toContain('bmdb_sessions_ended_total{reason="closed"} 2\n')
    expect(text).toContain('bmdb_transactions_total{result="committed"} 2\n')
    expect(text).toContain('bmdb_transaction_duration_seconds_count 2\n')
    expect(registry.getMetricsAsArray().map((one) => one.name)).toEqual([
      'bmdb_sessions_started_total',
      'bmdb_sessions_ended_total',
      'bmdb_beats_total',
      'bmdb_transactions_total',
      'bmdb_transaction_retries_total',
      'bmdb_work_claimed_total',
      'bmdb_work_ended_total',
      'bmdb_swept_total',
      'bmdb_beat_slack_seconds',
      'bmdb_transaction_duration_seconds',
      'bmdb_work_duration_seconds',
    ])
  })
})
