import type {
  BackoffRow,
  HeldWorkRow,
  HistoryRow,
  MachineRow,
  OperatorHistoryRow,
  ProcessRow,
  SessionRow,
} from '@bmdb/core'
import type { Column } from './output.ts'
import { timeOf } from './shown.ts'

/** The failure domains of a machine, in words. */
export function domainsOf(machine: MachineRow): string {
  return Object.entries(machine.failureDomains)
    .map(([kind, domain]) => `${kind}=${domain}`)
    .join(' ')
}

/** The lock-out in force, in words; empty if there is none. */
export function lockOutOf({ lockOut }: MachineRow): string {
  if (lockOut === null) return ''
  const until = timeOf(lockOut.until)?.toISOString()
  return `${until === undefined ? '' : `until ${until} `}by ${lockOut.by}: ${lockOut.reason}`
}

/** Until when a process is kept off, in words. */
export function backoffState(row: BackoffRow): string {
  const waiting = row.attempts === 0 && row.cause === 'snoozed' ? 'snoozed' : 'backoff'
  return row.parkedAt === null
    ? `${waiting} until ${row.until.toISOString()}`
    : `parked by ${row.parkedBy ?? '?'} at ${row.parkedAt.toISOString()}`
}

/** Why: where failures led to parking, also the last of them. */
export function causeOf({ parkedReason, cause, attempts }: BackoffRow): string {
  if (parkedReason === null) return cause
  return attempts === 0 || parkedReason === cause ? parkedReason : `${parkedReason}; the last cause: ${cause}`
}

export const machineColumns: readonly Column<MachineRow>[] = [
  { title: 'MACHINE', of: (row) => row.id },
  { title: 'REGISTERED', of: (row) => row.createdAt },
  { title: 'RETIRED', of: (row) => row.retiredAt },
  { title: 'LOCK-OUT', of: lockOutOf },
  { title: 'DOMAINS', of: domainsOf },
  { title: 'HELD FOR', of: (row) => row.held.join(' ') },
]

export const sessionColumns: readonly Column<SessionRow>[] = [
  { title: 'SESSION', of: (row) => row.id },
  { title: 'COMPONENT', of: (row) => row.component },
  { title: 'STARTED', of: (row) => row.createdAt },
  { title: 'INTERVAL', of: (row) => row.intervalSeconds },
  { title: 'DEADLINE', of: (row) => row.deadline },
  { title: 'ALIVE', of: (row) => (row.alive ? 'yes' : 'no') },
  { title: 'HELD', of: (row) => row.held },
  { title: 'RUNTIME', of: (row) => row.runtimeInfo },
]

export const workColumns: readonly Column<HeldWorkRow>[] = [
  { title: 'MACHINE', of: (row) => row.machineId },
  { title: 'PROCESS', of: (row) => row.process },
  { title: 'TOKEN', of: (row) => row.token },
  { title: 'COMPONENT', of: (row) => row.component },
  { title: 'SESSION', of: (row) => row.sessionId },
  { title: 'SINCE', of: (row) => row.startedAt },
  { title: 'STATE', of: workState },
  { title: 'PROGRESS', of: progressOf },
]

function workState(row: HeldWorkRow): string {
  if (!row.alive) return 'expired'
  if (row.releaseBy !== null) return `release asked for by ${row.releaseBy}`
  return row.stuck ? 'stuck' : 'held'
}

function progressOf({ progress }: HeldWorkRow): string {
  if (progress === null) return ''
  return progress.percent === null ? progress.message : `${progress.percent} % ${progress.message}`
}

export const backoffColumns: readonly Column<BackoffRow>[] = [
  { title: 'MACHINE', of: (row) => row.machineId },
  { title: 'PROCESS', of: (row) => row.process },
  { title: 'STATE', of: backoffState },
  { title: 'FAILURES', of: (row) => row.attempts },
  { title: 'CAUSE', of: causeOf },
]

export const processColumns: readonly Column<ProcessRow>[] = [
  { title: 'PROCESS', of: (row) => row.process },
  { title: 'DECLARED BY', of: (row) => row.declaredBy },
  { title: 'PAUSED', of: pausedOf },
  { title: 'HELD', of: (row) => row.held },
  { title: 'BACKOFF', of: (row) => row.backoff },
  { title: 'PARKED', of: (row) => row.parked },
  { title: 'CONFLICTS WITH', of: (row) => row.conflictsWith.join(' ') },
  { title: 'AT MOST', of: limitsOf },
]

/** Since when, by whom and why a process is paused; empty if it is not. */
export function pausedOf(row: ProcessRow): string {
  if (row.pausedAt === null) return ''
  return `since ${row.pausedAt.toISOString()} by ${row.pausedBy ?? '?'}: ${row.pausedReason ?? '?'}`
}

/** The limits of failure domains, in words. */
export function limitsOf(row: ProcessRow): string {
  return Object.entries(row.failureDomains)
    .map(([kind, maximum]) => `${maximum} of one ${kind}`)
    .join(', ')
}

export const historyColumns: readonly Column<HistoryRow>[] = [
  { title: 'TIME', of: (row) => row.timestamp },
  { title: 'PROCESS', of: (row) => row.process },
  { title: 'EVENT', of: (row) => row.event },
  { title: 'TOKEN', of: (row) => row.token },
  { title: 'COMPONENT', of: (row) => row.componentName },
  { title: 'SESSION', of: (row) => row.sessionId },
  { title: 'CAUSE', of: (row) => row.failedCause },
]

export const operatorHistoryColumns: readonly Column<OperatorHistoryRow>[] = [
  { title: 'TIME', of: (row) => row.timestamp },
  { title: 'OPERATOR', of: (row) => row.operator },
  { title: 'ACTION', of: (row) => row.action },
  { title: 'MACHINE', of: (row) => row.machineId },
  { title: 'PROCESS', of: (row) => row.process },
  { title: 'SESSION', of: (row) => row.sessionId },
  { title: 'REASON', of: (row) => row.reason },
]
