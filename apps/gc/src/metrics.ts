import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { LoopObserver } from './run-loop.ts'

/** Counts sweeps in a registry. What they removed is counted by BMDB itself, as `bmdb_swept_total`. */
export function sweepMetrics(registry: Registry): LoopObserver {
  const registers = [registry]
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
  for (const result of ['succeeded', 'failed']) sweeps.inc({ result }, 0)
  return {
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
