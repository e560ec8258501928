import type { Database } from '../database/database.ts'
import type { WaitOptions } from '../limit.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'
import { audit, type Audit, type AuditOptions } from './audit.ts'
import { listBackoffs, type BackoffFilter, type BackoffRow } from './backoffs.ts'
import { listEvents, type FleetEvent, type FleetEventFilter } from './events.ts'
import { explain, type Explanation } from './explain.ts'
import { listHeldWork, type HeldWorkFilter, type HeldWorkRow } from './held.ts'
import { listMachines, readMachine, type MachineDetails, type MachineFilter, type MachineRow } from './machines.ts'
import { listOperatorHistory, type OperatorHistoryFilter, type OperatorHistoryRow } from './operator-history.ts'
import type { Page } from './page.ts'
import { countProcess, listProcesses, type ProcessCounts, type ProcessRow } from './processes.ts'
import {
  listEndedSessions,
  listSessions,
  type EndedSessionFilter,
  type EndedSessionRow,
  type SessionFilter,
  type SessionRow,
} from './sessions.ts'
import { countThroughput, type Throughput, type ThroughputOptions } from './throughput.ts'
import {
  countMachines,
  countSessions,
  readMachineFilters,
  readPulse,
  type MachineCounts,
  type MachineFilters,
  type Pulse,
  type SessionCounts,
} from './totals.ts'

/** What operators look at. Only reads; every list comes in pages, by its key. 30 s unless `timeoutMs` says otherwise. */
export class Fleet {
  readonly #database: Database
  readonly #prisma: PrismaClientLike

  /** @internal A connection has one. */
  constructor(database: Database, prisma: PrismaClientLike) {
    this.#database = database
    this.#prisma = prisma
  }

  /** Machines, oldest first. */
  machines(filter?: MachineFilter): Promise<Page<MachineRow>> {
    return listMachines(this.#database, filter)
  }

  /** One machine, with the facts that are known of it. @throws MachineNotFoundError */
  machine(machineId: string, options?: WaitOptions): Promise<MachineDetails> {
    return readMachine(this.#database, machineId, options)
  }

  /** What machines can be filtered by. */
  machineFilters(options?: WaitOptions): Promise<MachineFilters> {
    return readMachineFilters(this.#database, options)
  }

  /** How many machines there are; the cost grows with them. */
  machineCounts(options?: WaitOptions): Promise<MachineCounts> {
    return countMachines(this.#database, options)
  }

  /** Sessions that have not ended, oldest first unless told otherwise. */
  sessions(filter?: SessionFilter): Promise<Page<SessionRow>> {
    return listSessions(this.#database, filter)
  }

  /** Sessions that are over, the last one first. */
  endedSessions(filter?: EndedSessionFilter): Promise<Page<EndedSessionRow>> {
    return listEndedSessions(this.#database, filter)
  }

  /** How many sessions have not ended. */
  sessionCounts(options?: WaitOptions): Promise<SessionCounts> {
    return countSessions(this.#database, options)
  }

  /** Work that is held, by machine unless told otherwise. */
  work(filter?: HeldWorkFilter): Promise<Page<HeldWorkRow>> {
    return listHeldWork(this.#database, filter)
  }

  /** Backoffs in force, and what is parked, by machine unless told otherwise. */
  backoffs(filter?: BackoffFilter): Promise<Page<BackoffRow>> {
    return listBackoffs(this.#database, filter)
  }

  /** Processes that were declared or paused, or are at work, by name. */
  processes(options?: WaitOptions): Promise<ProcessRow[]> {
    return listProcesses(this.#database, options)
  }

  /** What operators did, newest first. */
  operatorHistory(filter?: OperatorHistoryFilter): Promise<Page<OperatorHistoryRow>> {
    return listOperatorHistory(this.#database, filter)
  }

  /** What happened to work and what operators did, in one list, newest first. */
  history(filter?: FleetEventFilter): Promise<Page<FleetEvent>> {
    return listEvents(this.#database, filter)
  }

  /** How work began and ended over time; the cost grows with the history of that time. */
  throughput(options?: ThroughputOptions): Promise<Throughput> {
    return countThroughput(this.#database, options)
  }

  /** The database's clock, and whether anything happened since the last time. Cheap. */
  pulse(options?: WaitOptions): Promise<Pulse> {
    return readPulse(this.#database, options)
  }

  /** How the machines of a process stand, by the definition that claims use. */
  counts(process: string, options?: WaitOptions): Promise<ProcessCounts> {
    return countProcess(this.#database, this.#prisma, process, options)
  }

  /** Every condition that decides whether a process may begin on a machine now, with the fact behind it. */
  explain(machineId: string, process: string, options?: WaitOptions): Promise<Explanation> {
    return explain(this.#database, this.#prisma, machineId, process, options)
  }

  /** Looks through the whole history for what must not be. */
  audit(options?: AuditOptions): Promise<Audit> {
    return audit(this.#database, options)
  }
}
