export { BMDB, type BMDBConfig, type OpenOptions } from './bmdb.ts'
export type { Connection, SessionOptions } from './connection.ts'
export type { Session } from './session.ts'
export type { Work } from './work/work.ts'
export { claimable, type ClaimableOptions, type MachineWhere } from './work/claimable.ts'
export type { ClaimOptions, Retrieve } from './work/claim-work.ts'
export type { WorkOptions } from './work/run-work.ts'
export type { Backoff } from './backoff.ts'
export type { HistoryEvent, HistoryOptions, HistoryRow } from './history.ts'
export type { SweepOptions, SweepResult } from './sweep.ts'
export type { AttemptContext, TransactionFunction, TransactOptions } from './transaction/transaction.ts'
export type { PrismaClientLike, TransactionClient } from './transaction/prisma-seam.ts'
export type { Dialect } from './database/server.ts'
export type { Logger } from './logger.ts'
export type { Counters, Metrics, Observations } from './metrics.ts'
export type { WaitOptions } from './limit.ts'
export { Prisma, PrismaClient } from './prisma.ts'
export {
  BMDBError,
  ClosedError,
  CommitOutcomeUnknownError,
  DatabaseUnavailableError,
  errorCodes,
  InvalidArgumentError,
  isBMDBError,
  MachineNotFoundError,
  MigrationError,
  RetriesExhaustedError,
  SessionExpiredError,
  TransactionTimeoutError,
  WorkBackoffError,
  WorkConflictError,
  WorkEndedError,
  WorkLostError,
  type ErrorCode,
  type Holder,
  type LossReason,
  type UnavailableReason,
} from './errors.ts'
export { version } from './version.ts'
