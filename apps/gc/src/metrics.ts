import type { Connection } from '@bmdb/core'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { LoopObserver } from './run-loop.ts'

/** Who asks for metrics waits no longer than this for the database. */
const countTimeoutMs = 1_000

/** The collector's own metrics. What sweeps removed is counted by BMDB itself, as `bmdb_swept_total`. */
export interface CollectorMetrics extends LoopObserver {
  /** From now on the database's sessions are counted, whenever metrics are read. */
  opened(connection: SessionCounter): void
}

/** What counts sessions. */
export interface SessionCounter {
  readonly fleet: Pick<Connection['fleet'], 'sessionCounts'>
}

/** Registers the collector's metrics. */
export function collectorMetrics(registry: Registry): CollectorMetrics {
  const registers = [registry]
  let connection: SessionCounter | undefined
  const sweeps = new Counter({
    name: 'bmdb_sweeps_total',
    help: 'Sweeps, by how they went',
    labelNames: ['result'],
    registers,
  })
  const duration = new Histogram({
    name: 'bmdb_sweep_duration_seconds',
    help: 'How long a sweep took',
    buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const last = new Gauge({
    name: 'bmdb_last_sweep_timestamp_seconds',
    help: 'When a sweep last succeeded, in seconds since 1970; 0 before the first',
    registers,
  })
  new Gauge({
    name: 'bmdb_sessions',
    help: 'Sessions of the whole fleet: alive, or expired and not ended by anybody yet',
    labelNames: ['state'],
    registers,
    async collect() {
      const counts = await connection?.fleet.sessionCounts({ timeoutMs: countTimeoutMs }).catch(() => undefined)
      // No number is better than an old one.
      if (counts === undefined) return this.reset()
      this.set({ state: 'alive' }, counts.alive)
      this.set({ state: 'expired' }, counts.expired)
    },
  })
  for (const result of ['succeeded', 'failed']) sweeps.inc({ result }, 0)
  return {
    opened: (opened) => (connection = opened),
    swept(_result, seconds) {
      sweeps.inc({ result: 'succeeded' })
      duration.observe(seconds)
      last.setToCurrentTime()
    },
    failed(_error, seconds) {
      sweeps.inc({ result: 'failed' })
      duration.observe(seconds)
    },
  }
}
