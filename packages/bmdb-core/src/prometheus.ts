import { Counter, Histogram, type Registry } from 'prom-client'
import type { Counters, Metrics, Observations } from './metrics.ts'

/** The values that a label may have, as far as they are known before anything happens. */
type LabelValues = Readonly<Record<string, readonly string[]>>

interface Setting {
  readonly help: string
  /** The order is that of the labels. `process` has no values here: they are known once it is at work. */
  readonly labels: LabelValues
}

const process = { process: [] }

const counters: Record<keyof Counters, Setting> = {
  bmdb_sessions_started_total: { help: 'Sessions that were started', labels: {} },
  bmdb_sessions_ended_total: {
    help: 'Sessions of this program that ended, by reason',
    labels: { reason: ['deadline', 'deleted', 'closed', 'caller', 'released'] },
  },
  bmdb_beats_total: {
    help: 'Beats, by how they went',
    labels: { result: ['acknowledged', 'failed', 'refused'] },
  },
  bmdb_transactions_total: {
    help: 'Calls of transact, by how they ended',
    labels: { result: ['committed', 'failed', 'unknown'] },
  },
  bmdb_transaction_retries_total: {
    help: 'Attempts that were repeated, by SQLSTATE, or by connection where there was none',
    // Any SQLSTATE may follow; these are the usual ones: serialization, deadlock, a lock that was waited for, no answer.
    labels: { reason: ['40001', '40P01', '55P03', 'connection'] },
  },
  bmdb_work_claimed_total: {
    help: 'Work that was claimed, and whether it was taken over',
    labels: { ...process, takeover: ['yes', 'no'] },
  },
  bmdb_work_ended_total: {
    help: 'Work of this program that ended, by how',
    labels: { ...process, result: ['finished', 'failed', 'snoozed', 'parked', 'canceled', 'lost'] },
  },
  bmdb_swept_total: {
    help: 'Expired sessions, and work of theirs, that sweeps removed',
    labels: { what: ['sessions', 'work'] },
  },
}

const histograms: Record<keyof Observations, Setting & { readonly buckets: number[] }> = {
  bmdb_beat_slack_seconds: {
    help: 'What was left of the lease when a beat was acknowledged',
    labels: {},
    buckets: [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1200, 3600],
  },
  bmdb_transaction_duration_seconds: {
    help: 'From the call of transact to its end',
    labels: {},
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
  },
  bmdb_work_duration_seconds: {
    help: 'From a claim to its end',
    labels: process,
    buckets: [0.1, 1, 5, 15, 60, 300, 900, 3600, 14_400],
  },
}

/**
 * BMDB's metrics for prom-client. Counters begin at 0 under all labels that are known: those with a process as soon as
 * that process is at work.
 * @param registry - where they are registered; the same registry may be given to any number of BMDBs
 */
export function prometheusMetrics(registry: Registry): Metrics {
  const counterOf = Object.fromEntries(
    Object.entries(counters).map(([name, { help, labels }]) => [
      name,
      (registry.getSingleMetric(name) as Counter | undefined) ??
        new Counter({ name, help, labelNames: Object.keys(labels), registers: [registry] }),
    ]),
  )
  const histogramOf = Object.fromEntries(
    Object.entries(histograms).map(([name, { labels, ...setting }]) => [
      name,
      (registry.getSingleMetric(name) as Histogram | undefined) ??
        new Histogram({ name, ...setting, labelNames: Object.keys(labels), registers: [registry] }),
    ]),
  )
  const begin = (known: LabelValues): void => {
    for (const [name, { labels }] of Object.entries(counters))
      if ('process' in labels === 'process' in known)
        for (const one of combinations({ ...labels, ...known })) counterOf[name]?.inc(one, 0)
  }
  begin({})
  const begun = new Set<string>()
  const beginProcess = (labels: object): void => {
    if (!('process' in labels) || typeof labels.process !== 'string' || begun.has(labels.process)) return
    begun.add(labels.process)
    begin({ process: [labels.process] })
  }
  return {
    count(name, labels, by = 1) {
      beginProcess(labels)
      counterOf[name]?.inc(labels as Record<string, string>, by)
    },
    observe: (name, labels, seconds) => histogramOf[name]?.observe(labels as Record<string, string>, seconds),
  }
}

/** Every choice of one value for each label. */
function combinations(labels: LabelValues): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (chosen, [name, values]) => chosen.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  )
}
