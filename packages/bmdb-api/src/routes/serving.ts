import type { Connection, Logger, PrismaClient } from '@bmdb/core'
import type { FleetView } from '../fleet/fleet-view.ts'

/** Milliseconds that requests may take. */
export interface Limits {
  readonly readMs: number
  /** Besides the time that a holder is given to let go. */
  readonly actMs: number
}

/** What routes are served from. */
export interface Serving {
  readonly connection: Connection<PrismaClient>
  readonly view: FleetView
  readonly logger: Logger
  readonly version: string
  readonly limits: Limits
}
