/** Counters, and the closed set of labels of each. */
export interface RunnerCounters {
  /** Runs that ended, by how; `lost` is work that was no longer this runner's. */
  bmdb_runner_runs_total: { process: string; result: RunEnd }
  /** Runs that went on for longer than their process allows. */
  bmdb_runner_timeouts_total: { process: string }
  /** Runs that were told to stop, did not, and were left behind. */
  bmdb_runner_abandoned_total: { process: string }
  /** Runs that reported no progress for longer than their process allows. */
  bmdb_runner_stuck_total: { process: string }
  /** Claims that failed. */
  bmdb_runner_claim_errors_total: { process: string }
}

/** Observations in seconds, and the labels of each. */
export interface RunnerObservations {
  /** A claim: looking for machines and locking them. `found` says whether there were any. */
  bmdb_runner_claim_duration_seconds: { process: string; found: 'yes' | 'no' }
  /** From the start of a run to when it settled, its end not included. */
  bmdb_runner_run_duration_seconds: { process: string }
  /** For how long the event loop stood still, where that was too long. */
  bmdb_runner_blocked_seconds: Record<string, never>
}

/** Gauges, and the labels of each. */
export interface RunnerGauges {
  /** Runs under way in this program. */
  bmdb_runner_running: { process: string }
  /** Machines of the whole fleet, by how they stand for the process. */
  bmdb_process_machines: { process: string; state: 'eligible' | 'held' | 'backoff' | 'parked' }
  /** For how long the machine that is eligible for longest was not touched; 0 when none is eligible. */
  bmdb_process_longest_wait_seconds: { process: string }
  /** Machines of the whole fleet that are under a lock-out. */
  bmdb_machines_locked_out: Record<string, never>
}

/** How a run ended. */
export type RunEnd = 'finished' | 'failed' | 'snoozed' | 'parked' | 'canceled' | 'lost' | 'unknown'

/** Where a runner counts to. `@bmdb/worker/prometheus` has one for prom-client. Must not throw. */
export interface RunnerMetrics {
  count<Name extends keyof RunnerCounters>(name: Name, labels: RunnerCounters[Name], by?: number): void
  observe<Name extends keyof RunnerObservations>(name: Name, labels: RunnerObservations[Name], seconds: number): void
  gauge<Name extends keyof RunnerGauges>(name: Name, labels: RunnerGauges[Name], value: number): void
}

/** The default: counts nothing. */
export const noRunnerMetrics: RunnerMetrics = { count() {}, observe() {}, gauge() {} }
