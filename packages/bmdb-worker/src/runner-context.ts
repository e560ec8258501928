import type { Connection, Logger, PrismaClientLike } from '@bmdb/core'
import type { Events } from './events.ts'
import type { RunnerMetrics } from './metrics.ts'

/** What all parts of a runner share. */
export interface RunnerContext<Client extends PrismaClientLike> {
  readonly connection: Connection<Client>
  readonly logger: Logger
  readonly metrics: RunnerMetrics
  readonly events: Events
  /** How long a run that was told to stop may take to settle before it is left behind. */
  readonly graceMs: number
}
