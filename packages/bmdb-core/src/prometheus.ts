import { Counter, Histogram, type Registry } from 'prom-client'
import type { Counters, Metrics, Observations } from './metrics.ts'

const counters: Record<keyof Counters, { help: string; labelNames: readonly string[] }> = {
  bmdb_sessions_started_total: { help: 'Sessions that were started', labelNames: [] },
  bmdb_sessions_ended_total: { help: 'Sessions that ended, by reason', labelNames: ['reason'] },
  bmdb_beats_total: { help: 'Beats, by how they went', labelNames: ['result'] },
  bmdb_transactions_total: { help: 'Calls of transact, by how they ended', labelNames: ['result'] },
  bmdb_transaction_retries_total: { help: 'Attempts that were repeated, by SQLSTATE', labelNames: ['reason'] },
  bmdb_work_claimed_total: { help: 'Work that was claimed', labelNames: ['process', 'takeover'] },
  bmdb_work_ended_total: { help: 'Work that ended, by how', labelNames: ['process', 'result'] },
  bmdb_swept_total: { help: 'Expired sessions and work that were removed', labelNames: ['what'] },
}

const histograms: Record<keyof Observations, { help: string; labelNames: readonly string[]; buckets: number[] }> = {
  bmdb_beat_slack_seconds: {
    help: 'What was left of the lease when a beat was acknowledged',
    labelNames: [],
    buckets: [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1200, 3600],
  },
  bmdb_transaction_duration_seconds: {
    help: 'From the call of transact to its end',
    labelNames: [],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
  },
  bmdb_work_duration_seconds: {
    help: 'From a claim to its end',
    labelNames: ['process'],
    buckets: [0.1, 1, 5, 15, 60, 300, 900, 3600, 14_400],
  },
}

/**
 * BMDB's metrics for prom-client.
 * @param registry - where they are registered; the same registry may be given to any number of BMDBs
 */
export function prometheusMetrics(registry: Registry): Metrics {
  const counterOf = Object.fromEntries(
    Object.entries(counters).map(([name, setting]) => [
      name,
      (registry.getSingleMetric(name) as Counter | undefined) ??
        new Counter({ name, ...setting, registers: [registry] }),
    ]),
  )
  const histogramOf = Object.fromEntries(
    Object.entries(histograms).map(([name, setting]) => [
      name,
      (registry.getSingleMetric(name) as Histogram | undefined) ??
        new Histogram({ name, ...setting, registers: [registry] }),
    ]),
  )
  return {
    count: (name, labels, by = 1) => counterOf[name]?.inc(labels as Record<string, string>, by),
    observe: (name, labels, seconds) => histogramOf[name]?.observe(labels as Record<string, string>, seconds),
  }
}
