import type { Database } from '../database/database.ts'
import type { WaitOptions } from '../limit.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'
import { audit, type Audit, type AuditOptions } from './audit.ts'
import { explain, type Explanation } from './explain.ts'
import { listHeldWork, type HeldWorkFilter, type HeldWorkRow } from './held.ts'
import {
  listBackoffs,
  listMachines,
  listOperatorHistory,
  listSessions,
  type BackoffFilter,
  type BackoffRow,
  type MachineFilter,
  type MachineRow,
  type OperatorHistoryFilter,
  type OperatorHistoryRow,
  type SessionFilter,
  type SessionRow,
} from './lists.ts'
import type { Page } from './page.ts'
import { countProcess, listProcesses, type ProcessCounts, type ProcessRow } from './processes.ts'

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

  /** Sessions, oldest first. */
  sessions(filter?: SessionFilter): Promise<Page<SessionRow>> {
    return listSessions(this.#database, filter)
  }

  /** Work that is held, by machine. */
  work(filter?: HeldWorkFilter): Promise<Page<HeldWorkRow>> {
    return listHeldWork(this.#database, filter)
  }

  /** Backoffs in force, and what is parked, by machine. */
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
