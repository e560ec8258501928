export { BMDB, type BMDBConfig, type OpenOptions } from './bmdb.ts'
export type { MigrationStatus } from './migration/migrate.ts'
export type { OwnMigrations } from './migration/own-migrations.ts'
export type { Connection, SessionOptions } from './connection.ts'
export type { Session } from './session.ts'
export type { Work } from './work/work.ts'
export { claimable, type ClaimableOptions, type MachineWhere } from './work/claimable.ts'
export type { ClaimOptions, Retrieve } from './work/claim-work.ts'
export { causeText } from './work/cause-text.ts'
export type { FailOptions, ProgressOptions } from './work/work-options.ts'
export type { Operator, AddMachineOptions, LockOutOptions } from './operator/operator.ts'
export type { ActOptions } from './operator/acting.ts'
export type { ReleaseOptions, ReleaseResult } from './operator/release.ts'
export type { DeclareOptions, ProcessDeclaration } from './process/declare.ts'
export type { Fleet } from './fleet/fleet.ts'
export type { Page, PageOptions } from './fleet/page.ts'
export type { Condition, Explanation } from './fleet/explain.ts'
export type { ProcessCounts, ProcessRow } from './fleet/processes.ts'
export type { HeldWorkFilter, HeldWorkRow } from './fleet/held.ts'
export type { Audit, AuditFinding, AuditOptions } from './fleet/audit.ts'
export type { BackoffFilter, BackoffRow } from './fleet/backoffs.ts'
export type { FleetEvent, FleetEventFilter, OperatorEventRow, WorkEventRow } from './fleet/events.ts'
export type { MachineDetails, MachineFilter, MachineRow } from './fleet/machines.ts'
export type { OperatorHistoryFilter, OperatorHistoryRow } from './fleet/operator-history.ts'
export type { EndedSessionFilter, EndedSessionRow, SessionFilter, SessionRow } from './fleet/sessions.ts'
export type { Throughput, ThroughputBucket, ThroughputOptions } from './fleet/throughput.ts'
export type { MachineCounts, MachineFilters, Pulse, SessionCounts } from './fleet/totals.ts'
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
  ProcessDeclarationError,
  RetriesExhaustedError,
  SessionExpiredError,
  TransactionTimeoutError,
  WorkBackoffError,
  WorkBlockedError,
  WorkConflictError,
  WorkEndedError,
  WorkLostError,
  type BlockedState,
  type ErrorCode,
  type Holder,
  type LossReason,
  type UnavailableReason,
} from './errors.ts'
export { version } from './version.ts'
