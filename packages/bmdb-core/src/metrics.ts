import type { LossReason } from './bmdb-error.ts'

/** Counters, and the closed set of labels of each. */
export interface Counters {
  /** Sessions that were started. */
  bmdb_sessions_started_total: Record<string, never>
  /** Sessions that ended, by reason; `closed` and `caller` are the good ones. */
  bmdb_sessions_ended_total: { reason: LossReason }
  /** Beats, by how they went. */
  bmdb_beats_total: { result: 'acknowledged' | 'failed' | 'refused' }
  /** Calls of transact, by how they ended. */
  bmdb_transactions_total: { result: 'committed' | 'failed' | 'unknown' }
  /** Attempts that were repeated, by SQLSTATE, or by `connection` where there was none. */
  bmdb_transaction_retries_total: { reason: string }
  /** Work that was claimed. */
  bmdb_work_claimed_total: { process: string; takeover: 'yes' | 'no' }
  /** Work that ended, by how: `lost` is work that was no longer this holder's. */
  bmdb_work_ended_total: { process: string; result: 'finished' | 'failed' | 'snoozed' | 'parked' | 'canceled' | 'lost' }
  /** What sweeps removed. */
  bmdb_swept_total: { what: 'sessions' | 'work' }
}

/** Observations in seconds, and the labels of each. */
export interface Observations {
  /** How much of the lease was left when a beat was acknowledged. */
  bmdb_beat_slack_seconds: Record<string, never>
  /** From the call of transact to its end. */
  bmdb_transaction_duration_seconds: Record<string, never>
  /** From a claim to its end. */
  bmdb_work_duration_seconds: { process: string }
}

/** Where BMDB counts to. `@bmdb/core/prometheus` has one for prom-client. Must not throw. */
export interface Metrics {
  count<Name extends keyof Counters>(name: Name, labels: Counters[Name], by?: number): void
  observe<Name extends keyof Observations>(name: Name, labels: Observations[Name], seconds: number): void
}

/** The default: counts nothing. */
export const noMetrics: Metrics = { count() {}, observe() {} }
