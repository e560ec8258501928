// The same operations, done with @bmdb/core on a database.
import { claimable, type PrismaClient, type Session, type TransactionClient, type Work } from '@bmdb/core'
import type { Outcome } from './changes.ts'
import { forcedDeletion, forcedRelease, type Rows } from './force.ts'
import {
  currentSession,
  handleAt,
  newModel,
  openAt,
  type Machine,
  type Model,
  type Process,
  type Slot,
} from './model.ts'
import { OpenCalls, outcomeOf } from './open-calls.ts'
import { shown, type Operation } from './operations.ts'
import { eventually, intervalSeconds, type Programs } from './programs.ts'
import { initialSeconds, maximumSeconds } from './rules.ts'
import { step } from './step.ts'
import { readTables, tablesOf } from './tables.ts'

type Tx = TransactionClient<PrismaClient>

/** The clock is moved on far by beats: nothing that stands open may run out of time. */
const forLong = { timeoutMs: 1_000_000_000 }

/** One sequence on the database: its own machines, its own sessions. */
export class DatabaseRun {
  readonly #programs: Programs
  readonly #rows: Rows
  readonly #sessions: Session<PrismaClient>[] = []
  readonly #works: Work<PrismaClient>[] = []
  readonly #open = new OpenCalls()
  #model = newModel()

  constructor(programs: Programs) {
    this.#programs = programs
    // In order, so that "by id" is the model's order as well.
    const machineIds = [crypto.randomUUID(), crypto.randomUUID()].sort() as [string, string]
    this.#rows = { client: programs.client, machineIds, sessionIds: [] }
  }

  /**
   * Runs the sequence, and what is left open to its end.
   * @throws at the first operation that ends otherwise than in the model, or where in the end the tables are others
   */
  async run(operations: readonly Operation[]): Promise<void> {
    try {
      for (const id of this.#rows.machineIds) {
        await this.#sql('INSERT INTO machines (machine_id) VALUES ($1)', id)
        await this.#sql(`INSERT INTO machine_hardware_report (machine_id, hardware_report) VALUES ($1, '[]')`, id)
      }
      await this.#start('A')
      await this.#start('B')
      let number = 0
      for (const operation of operations) await this.#take(operation, ++number)
      while (this.#model.open.length > 0) await this.#take({ do: 'go on', which: 0 }, ++number)
      agree('the tables in the end', await readTables(this.#rows), tablesOf(this.#model))
    } finally {
      await this.#clear()
    }
  }

  async #take(operation: Operation, number: number): Promise<void> {
    const before = this.#model
    const planned = step(before, operation, number)
    if (planned.outcome === undefined) return
    const open = operation.do === 'go on' ? openAt(before, operation.which) : undefined
    const what = `${number} ${shown(operation)}`
    const outcome = await this.#programs.settled(this.#do(operation, number, before)).catch((error: unknown) => {
      throw new Error(
        `${what}\n  on the database: ${String(error)}\n  in the model:    ${JSON.stringify(planned.outcome)}`,
      )
    })
    const looks = open === undefined ? 1 : this.#open.looks(open.number)
    const { model, outcome: expected, ended } = step(before, operation, number, undefined, { looks })
    this.#model = model
    agree(what, outcome, expected)
    for (const [begunAs, end] of ended) {
      agree(`${what}: what ${begunAs} ends with`, await this.#programs.settled(this.#open.outcome(begunAs)), end)
    }
    agree(`${what}: what the programs know`, this.#known(), knownTo(model))
  }

  async #do(operation: Operation, number: number, model: Model): Promise<Outcome | 'begun'> {
    const index = 'slot' in operation ? currentSession(model, operation.slot) : -1
    const session = this.#sessions[index]!
    switch (operation.do) {
      case 'start session':
        await this.#start(operation.slot)
        return { value: 'started' }
      case 'let session expire':
        await this.#sql(
          `UPDATE session_leases SET session_deadline = clock_timestamp() - interval '1 hour' WHERE session_id = $1`,
          session.id,
        )
        return { value: 'expired' }
      case 'beat':
        await this.#programs.beat(this.#sessions)
        return { value: 'beaten' }
      case 'startWork': {
        const { process, limit, ignoreBackoff } = operation
        const wanted = operation.machines.map((machine) => this.#rows.machineIds[machine])
        return this.#claim(session, process, wanted, limit, ignoreBackoff)
      }
      case 'startWork of what is claimable': {
        const { process, limit } = operation
        if (!operation.open) return this.#claim(session, process, (tx) => this.#look(tx, process), limit)
        return this.#open.begin(number, index, (stand) => {
          let looks = 0
          const looking = async (tx: Tx): Promise<string[]> => {
            looks += 1
            return stand(await this.#look(tx, process))
          }
          // How often it looked is part of what it does.
          return this.#claim(session, process, looking, limit).then((end) =>
            'value' in end ? { value: { looks, claimed: end.value } } : end,
          )
        })
      }
      case 'work':
        return outcomeOf(
          session.work(this.#rows.machineIds[operation.machine], operation.process, async (work) => {
            this.#works.push(work)
            return work.transact((tx) => this.#write(tx, operation.machine, number), forLong)
          }),
        )
      case 'transact':
        return this.#writing(number, index, operation.machine, operation.open, (fn) => session.transact(fn, forLong))
      case 'work.transact':
      case 'finish': {
        const { work, machine, session: holder } = this.#workOf(model, operation.work)
        if (operation.do === 'work.transact')
          return this.#writing(number, holder, machine, operation.open, (fn) => work.transact(fn, forLong))
        if (operation.how === 'alone') return outcomeOf(work.finish().then(() => 'ended'))
        return this.#writing(number, holder, machine, operation.how === 'open', (fn) => work.finish(fn, forLong))
      }
      case 'fail': {
        const backoff = { initialSeconds, maximumSeconds, exponent: operation.exponent }
        const { work } = this.#workOf(model, operation.work)
        return outcomeOf(work.fail('it failed', backoff).then(() => 'ended'))
      }
      case 'cancel':
        return outcomeOf(
          this.#workOf(model, operation.work)
            .work.cancel()
            .then(() => 'ended'),
        )
      case 'go on':
        await this.#open.goOn(openAt(model, operation.which)!.number)
        return { value: 'went on' }
      case 'sweep':
        return outcomeOf(this.#programs.connections.A.sweep())
      case 'close session':
        return outcomeOf(session.close().then(() => 'closed'))
      case 'delete session by force':
        return this.#forced(index, () => forcedDeletion(this.#rows, session.id))
      case 'release work by force': {
        const { machine, process } = operation
        const holder = model.work.find((held) => held.machine === machine && held.process === process)!.session
        return this.#forced(holder, () => forcedRelease(this.#rows, machine, process))
      }
      case 'let backoff pass':
        await this.#sql(
          `UPDATE work_backoff SET until = clock_timestamp() - interval '1 hour' WHERE machine_id = $1 AND process = $2`,
          this.#rows.machineIds[operation.machine],
          operation.process,
        )
        return { value: 'passed' }
    }
  }

  /** Ends a session's or its work's rows as an operator with SQL would, without waiting for locks. */
  async #forced(session: number, end: () => Promise<string>): Promise<Outcome> {
    let value = await end()
    // The server takes a moment to notice that a connection was given up.
    if (value === 'locked' && !this.#open.anyOf(session))
      await eventually('the locks of what was given up go', async () => (value = await end()) !== 'locked')
    return { value }
  }

  async #start(slot: Slot): Promise<void> {
    const starting = this.#programs.connections[slot].startSession({ intervalSeconds })
    const session = await this.#programs.settled(starting)
    this.#sessions.push(session)
    this.#rows.sessionIds.push(session.id)
  }

  #claim(
    session: Session<PrismaClient>,
    process: Process,
    retrieve: Parameters<Session<PrismaClient>['startWorkMany']>[1],
    limit: number,
    ignoreBackoff = false,
  ): Promise<Outcome> {
    const options = { ignoreBackoff, ...forLong }
    const claiming =
      limit === 1
        ? session.startWork(process, retrieve, options).then((work) => (work === null ? [] : [work]))
        : session.startWorkMany(process, retrieve, { ...options, limit })
    return outcomeOf(
      claiming.then((claimed) => {
        this.#works.push(...claimed)
        return claimed.map(({ machineId, token }) => ({
          machine: this.#rows.machineIds.indexOf(machineId),
          token: Number(token),
        }))
      }),
    )
  }

  #look(tx: Tx, process: Process): Promise<string[]> {
    return claimable(tx, process, { where: { id: { in: [...this.#rows.machineIds] } }, orderBy: { id: 'asc' } })
  }

  /** A transaction that writes its number, at once or once it is told to go on. */
  #writing(
    number: number,
    session: number,
    machine: Machine,
    open: boolean,
    transact: (fn: (tx: Tx) => Promise<number[]>) => Promise<unknown>,
  ): Promise<Outcome | 'begun'> {
    if (!open) return outcomeOf(transact((tx) => this.#write(tx, machine, number)))
    return this.#open.begin(number, session, (stand) =>
      outcomeOf(
        transact(async (tx) => {
          await stand(undefined)
          return this.#write(tx, machine, number)
        }),
      ),
    )
  }

  /** Reads what is there and adds to it: a write that were lost, or not seen, would show. */
  async #write(tx: Tx, machine: Machine, value: number): Promise<number[]> {
    const machineId = this.#rows.machineIds[machine]
    const { report } = await tx.hardwareReport.findUniqueOrThrow({ where: { machineId } })
    const values = [...(report as number[]), value]
    await tx.hardwareReport.update({ where: { machineId }, data: { report: values } })
    return values
  }

  #workOf(model: Model, fromLast: number): { work: Work<PrismaClient>; machine: Machine; session: number } {
    const index = handleAt(model, fromLast)
    return { work: this.#works[index]!, ...model.handles[index]! }
  }

  #known(): ReturnType<typeof knownTo> {
    return {
      sessions: this.#sessions.map(({ signal }) =>
        signal.aborted ? (signal.reason as { reason: string }).reason : 'holds',
      ),
      lost: this.#works.map(({ signal }) => signal.aborted),
    }
  }

  async #sql(text: string, ...values: unknown[]): Promise<void> {
    await this.#programs.client.query(text, values)
  }

  /** Leaves nothing that a later run's sweep could find. */
  async #clear(): Promise<void> {
    const ends = [...this.#sessions.map((one) => one.close()), this.#open.end()]
    // A call that never ends was said to be one already.
    await this.#programs.settled(Promise.allSettled(ends)).catch(() => {})
    for (const id of this.#rows.sessionIds) await this.#forced(-1, () => forcedDeletion(this.#rows, id)).catch(() => {})
  }
}

/** What the programs know by themselves: why a session is over, and which work is lost. */
function knownTo(model: Model): { sessions: string[]; lost: boolean[] } {
  return {
    sessions: model.sessions.map((session) => session.over ?? 'holds'),
    lost: model.handles.map((handle) => handle.state === 'lost'),
  }
}

function agree(what: string, database: unknown, model: unknown): void {
  const [is, shouldBe] = [JSON.stringify(database), JSON.stringify(model)]
  if (is !== shouldBe) throw new Error(`${what}\n  on the database: ${is}\n  in the model:    ${shouldBe}`)
}
