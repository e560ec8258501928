import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { RunEnd, RunnerCounters, RunnerGauges, RunnerMetrics, RunnerObservations } from './metrics.ts'

interface Setting {
  readonly help: string
  readonly labelNames: readonly string[]
}

const results: readonly RunEnd[] = ['finished', 'failed', 'snoozed', 'parked', 'canceled', 'lost', 'unknown']

const counters: Record<keyof RunnerCounters, Setting> = {
  bmdb_runner_runs_total: { help: 'Runs that ended, by how', labelNames: ['process', 'result'] },
  bmdb_runner_timeouts_total: { help: 'Runs that took longer than allowed', labelNames: ['process'] },
  bmdb_runner_abandoned_total: { help: 'Runs that did not stop and were left behind', labelNames: ['process'] },
  bmdb_runner_stuck_total: { help: 'Runs that reported no progress for too long', labelNames: ['process'] },
  bmdb_runner_claim_errors_total: { help: 'Claims that failed', labelNames: ['process'] },
}

const gauges: Record<keyof RunnerGauges, Setting> = {
  bmdb_runner_running: { help: 'Runs under way in this program', labelNames: ['process'] },
  bmdb_process_machines: {
    help: 'Machines of the whole fleet, by how they stand for the process',
    labelNames: ['process', 'state'],
  },
  bmdb_process_longest_wait_seconds: {
    help: 'For how long the machine that is eligible for longest was not touched',
    labelNames: ['process'],
  },
  bmdb_machines_locked_out: { help: 'Machines of the whole fleet that are under a lock-out', labelNames: [] },
}

const histograms: Record<keyof RunnerObservations, Setting & { readonly buckets: number[] }> = {
  bmdb_runner_claim_duration_seconds: {
    help: 'Looking for machines and locking them',
    labelNames: ['process', 'found'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
  },
  bmdb_runner_run_duration_seconds: {
    help: 'From the start of a run to when it settled',
    labelNames: ['process'],
    buckets: [0.1, 1, 5, 15, 60, 300, 900, 3600, 14_400],
  },
  bmdb_runner_blocked_seconds: {
    help: 'For how long the event loop stood still, where that was too long',
    labelNames: [],
    buckets: [0.5, 1, 2, 5, 10, 30],
  },
}

/**
 * A runner's metrics for prom-client. The counters of a process begin at 0 as soon as it is at work.
 * @param registry - where they are registered; the same registry may be given to any number of runners, and to the core
 */
export function prometheusRunnerMetrics(registry: Registry): RunnerMetrics {
  const counterOf = each(
    counters,
    (name, setting) => find<Counter>(registry, name) ?? new Counter({ name, ...setting, registers: [registry] }),
  )
  const gaugeOf = each(
    gauges,
    (name, setting) => find<Gauge>(registry, name) ?? new Gauge({ name, ...setting, registers: [registry] }),
  )
  const histogramOf = each(
    histograms,
    (name, setting) => find<Histogram>(registry, name) ?? new Histogram({ name, ...setting, registers: [registry] }),
  )
  const begun = new Set<string>()
  const begin = (labels: { process?: string }): void => {
    const { process } = labels
    if (process === undefined || begun.has(process)) return
    begun.add(process)
    for (const [name, counter] of Object.entries(counterOf))
      if (name === 'bmdb_runner_runs_total') for (const result of results) counter.inc({ process, result }, 0)
      else counter.inc({ process }, 0)
    gaugeOf.bmdb_runner_running.inc({ process }, 0)
  }
  return {
    count(name, labels, by = 1) {
      begin(labels)
      counterOf[name].inc(labels as Record<string, string>, by)
    },
    observe(name, labels, seconds) {
      begin(labels)
      histogramOf[name].observe(labels as Record<string, string>, seconds)
    },
    gauge(name, labels, value) {
      begin(labels)
      gaugeOf[name].set(labels as Record<string, string>, value)
    },
  }
}

function find<Metric>(registry: Registry, name: string): Metric | undefined {
  return registry.getSingleMetric(name) as Metric | undefined
}

function each<Name extends string, Given, Made>(
  settings: Record<Name, Given>,
  make: (name: Name, setting: Given) => Made,
): Record<Name, Made> {
  const entries = Object.entries(settings) as [Name, Given][]
  return Object.fromEntries(entries.map(([name, setting]) => [name, make(name, setting)])) as Record<Name, Made>
}
