import type { Connection, Fleet, Logger, PrismaClient, ProcessRow, Throughput } from '@bmdb/core'
import { forLog } from '../log.ts'
import { attention, attentionRows } from './attention.ts'
import { Refreshed } from './refreshed.ts'
import type { LimitedWait } from './within.ts'

/** What one refresh may take: on a connection that broke without a word, the next one is tried after that. */
const refreshMs = 20_000

/** Charts that are kept: hours and process differ. */
const mostCharts = 100

/** What costs more than a request may, shared by all requests. */
export class FleetView {
  readonly #fleet: Fleet
  readonly #logger: Logger
  readonly #charts = new Map<string, Refreshed<Throughput & { at: Date }>>()
  /** Charts are drawn one after another, whoever asks for how many. */
  #drawing: Promise<unknown> = Promise.resolve()
  #changes = 0
  #noticed: string | undefined

  readonly #processes
  readonly #counts
  readonly #attention
  readonly #machines
  readonly #sessions
  readonly #filters

  constructor(connection: Connection<PrismaClient>, logger: Logger) {
    const { fleet } = connection
    this.#fleet = fleet
    this.#logger = logger
    this.#processes = this.#refreshed('processes', (wait) => fleet.processes(wait), 1_000)
    this.#counts = this.#refreshed('counts', (wait) => countAll(fleet, wait))
    // Somebody waits for it: anew sooner than counts are.
    this.#attention = this.#refreshed('attention', (wait) => attentionRows(fleet, wait), 2_000, 5)
    this.#machines = this.#refreshed('machines', (wait) => dated(fleet, wait, () => fleet.machineCounts(wait)))
    this.#sessions = this.#refreshed('sessions', (wait) => dated(fleet, wait, () => fleet.sessionCounts(wait)))
    this.#filters = this.#refreshed('filters', (wait) => fleet.machineFilters(wait))
  }

  /** Grows whenever something shared was made anew after an act, or something needs attention that did not before. */
  get changes(): number {
    return this.#changes
  }

  /** All processes with their counts, which are null while they have not been counted yet. */
  async processes(wait: LimitedWait) {
    const [rows, counts] = await Promise.all([this.#processes.get(wait), this.#counts.get(wait)])
    return rows.map((row) => ({ ...shown(row), counts: counts.get(row.process) ?? null }))
  }

  /** The names of all processes. */
  async processNames(wait: LimitedWait): Promise<string[]> {
    return (await this.#processes.get(wait)).map(({ process }) => process)
  }

  /** The fleet at a glance. */
  async overview(wait: LimitedWait) {
    const [processes, found, machines, sessions] = await Promise.all([
      this.processes(wait),
      this.#attention.get(wait),
      this.#machines.get(wait),
      this.#sessions.get(wait),
    ])
    const { at: machinesAt, ...ofMachines } = machines
    const { at: sessionsAt, ...ofSessions } = sessions
    const counted = processes.flatMap(({ counts }) => (counts === null ? [] : [counts.at.getTime()]))
    const oldestMs = Math.min(found.at.getTime(), machinesAt.getTime(), sessionsAt.getTime(), ...counted)
    return {
      processes,
      attention: attention(found, processes),
      machines: ofMachines,
      sessions: ofSessions,
      at: new Date(oldestMs),
    }
  }

  /** What machines can be filtered by. */
  async machineFilters(wait: LimitedWait) {
    const [filters, processes] = await Promise.all([this.#filters.get(wait), this.processNames(wait)])
    return { ...filters, processes }
  }

  /** How work ended over time. */
  async throughput(given: { hours: number; process: string | undefined }, wait: LimitedWait) {
    const key = JSON.stringify([given.hours, given.process])
    const chart = this.#charts.get(key) ?? this.#chart(given)
    // Those that were asked for last are kept.
    this.#charts.delete(key)
    this.#charts.set(key, chart)
    const [oldest] = this.#charts.keys()
    // Whoever waits for it still gets it.
    if (this.#charts.size > mostCharts && oldest !== undefined) this.#charts.delete(oldest)
    return chart.get(wait)
  }

  /** While somebody looks: notices what time alone brings, such as work that is stuck and sessions that expired. */
  notice(): void {
    this.#attention.get({ timeoutMs: refreshMs }).then(
      ({ stuck, expired, lost, parked }) => {
        const noticed = JSON.stringify([
          stuck.map(({ machineId, process, token }) => [machineId, process, token]),
          [...expired, ...lost].map(({ id }) => id),
          parked.map(({ machineId, process }) => [machineId, process]),
        ])
        if (this.#noticed !== undefined && this.#noticed !== noticed) this.#changes += 1
        this.#noticed = noticed
      },
      () => {},
    )
  }

  /** An operator did something. */
  acted(): void {
    for (const one of this.#all()) one.soon()
  }

  /** Twice is harmless. */
  close(): void {
    for (const one of this.#all()) one.close()
  }

  #all() {
    return [
      ...[this.#processes, this.#counts, this.#attention, this.#machines, this.#sessions, this.#filters],
      ...this.#charts.values(),
    ]
  }

  #chart(given: { hours: number; process: string | undefined }) {
    return this.#refreshed('throughput', (wait) => {
      const drawn = this.#drawing.then(async () => {
        wait.signal?.throwIfAborted()
        return dated(this.#fleet, wait, () => this.#fleet.throughput({ ...given, ...wait }))
      })
      this.#drawing = drawn.catch(() => {})
      return drawn
    })
  }

  #refreshed<T>(
    what: string,
    compute: (wait: LimitedWait) => Promise<T>,
    newForMs = 3_000,
    timesLonger = 20,
  ): Refreshed<T> {
    return new Refreshed({
      compute: (signal) => compute({ signal, timeoutMs: refreshMs }),
      newForMs,
      timesLonger,
      onChange: () => void (this.#changes += 1),
      onFailure: (error) => this.#logger.warn(`could not read ${what}`, forLog(error)),
    })
  }
}

/** One process after another: each may take long. */
async function countAll(fleet: Fleet, wait: LimitedWait) {
  const counted = new Map<string, Awaited<ReturnType<Fleet['counts']>> & { at: Date }>()
  for (const { process } of await fleet.processes(wait))
    counted.set(process, await dated(fleet, wait, () => fleet.counts(process, wait)))
  return counted
}

/** With the database's time, from before it was read. */
async function dated<T extends object>(
  fleet: Fleet,
  wait: LimitedWait,
  read: () => Promise<T>,
): Promise<T & { at: Date }> {
  const { now } = await fleet.pulse(wait)
  return { ...(await read()), at: now }
}

function shown({ process, declaredBy, pausedAt, pausedBy, pausedReason, conflictsWith, failureDomains }: ProcessRow) {
  return { process, declaredBy, pausedAt, pausedBy, pausedReason, conflictsWith, failureDomains }
}
