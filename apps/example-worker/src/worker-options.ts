import type { Connection, PrismaClient } from '@bmdb/core'
import type { Log } from '@bmdb/program'
import type { WorkerSettings } from './config.ts'

/** What a worker runs with. */
export interface WorkerOptions {
  readonly connection: Connection<PrismaClient>
  readonly settings: WorkerSettings
  readonly redfishPassword?: string | undefined
  readonly log: Log
  /** Its abort ends the worker: no new work, a short time for what is held, then cancelled. */
  readonly signal: AbortSignal
}
