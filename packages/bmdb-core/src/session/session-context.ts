import type { Database } from '../database/database.ts'
import type { SessionExpiredError } from '../errors.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'

/** What work needs of the session that holds it. */
export interface SessionContext<Client extends PrismaClientLike> {
  readonly id: string
  readonly componentName: string
  readonly database: Database
  readonly client: Client
  /** Processes that were found to have rules: their claims lock before they decide. */
  readonly ruledProcesses: Set<string>
  /** Aborts with a SessionExpiredError when the session is over. */
  readonly signal: AbortSignal
  /** @throws SessionExpiredError when the session is over, without asking the database */
  assertHolds(): void
  /** Runs what closing the session waits for, so that what it reports is the truth. */
  track<T>(promise: Promise<T>): Promise<T>
  /** The database showed that the session's row is gone: ends the session here too, and returns the error that says so. */
  foundGone(): SessionExpiredError
}
