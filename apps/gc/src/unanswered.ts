import type { Metrics } from '@bmdb/core'

/** So many tries in a row without a database are no single connection that broke. */
const outageTries = 3

/** Notices, by what BMDB counts, that a sweep found no database: one sweep tries for seconds, and outlasts a short outage. */
export class Unanswered {
  #tries = 0

  /** Metrics that pass everything on. */
  listeningTo(metrics: Metrics): Metrics {
    return {
      count: (name, labels, by) => {
        if (name === 'bmdb_transaction_retries_total' && 'reason' in labels && noDatabase(labels.reason))
          this.#tries += by ?? 1
        metrics.count(name, labels, by)
      },
      observe: (name, labels, seconds) => metrics.observe(name, labels, seconds),
    }
  }

  /** Whether the database was away for a while since this was last asked. */
  take(): boolean {
    const tries = this.#tries
    this.#tries = 0
    return tries >= outageTries
  }
}

/** Connections lost or refused, as opposed to conflicts and locks. */
function noDatabase(reason: string): boolean {
  return reason === 'connection' || /^(08|57P|53300)/.test(reason)
}
