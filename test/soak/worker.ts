import { setTimeout as sleep } from 'node:timers/promises'
import { claimable, isBMDBError, type Connection, type PrismaClient, type Session, type Work } from '@bmdb/core'
import { Increment, isExpected, Meant } from './increment.ts'
import { processName, type WorkerMessage, type WorkerOrders } from './orders.ts'
import type { Random } from './random.ts'
import type { Recorder } from './records.ts'
import { RegisterClient } from './register-client.ts'

type Pause = Extract<WorkerMessage, { do: 'pause' }>

/** Claims, works and ends, with one session after the other, until it is told to end. */
export class Worker {
  readonly #orders: WorkerOrders
  readonly #recorder: Recorder
  readonly #random: Random
  readonly #ending: AbortSignal
  readonly #register: RegisterClient
  readonly #pauses: Pause[] = []

  constructor(orders: WorkerOrders, recorder: Recorder, random: Random, ending: AbortSignal) {
    this.#orders = orders
    this.#recorder = recorder
    this.#random = random
    this.#ending = ending
    this.#register = new RegisterClient(orders.registerUrl, orders.name)
  }

  pauseNext(pause: Pause): void {
    this.#pauses.push(pause)
  }

  async work(connection: Connection<PrismaClient>): Promise<void> {
    while (!this.#ending.aborted) {
      const session = await this.#caught(() =>
        connection.startSession({ intervalSeconds: this.#orders.intervalSeconds }),
      )
      while (session !== undefined && !session.signal.aborted && !this.#ending.aborted)
        await this.#caught(() => this.#step(session))
      await this.#caught(async () => session?.close())
      if (session === undefined) await sleep(100)
    }
    this.#register.close()
  }

  /** One claim of any kind, and what follows from it. */
  async #step(session: Session<PrismaClient>): Promise<void> {
    const random = this.#random
    const machineIds = random.shuffled(this.#orders.machineIds)
    const kind = random.next()
    if (kind < 0.15) {
      const busy = await this.#lockOne(session, machineIds[0]!)
      if (busy) await sleep(random.between(50, 150))
      return
    }
    const claimed = await this.#claim(session, async () => {
      if (kind < 0.3) return session.startWorkMany(processName, machineIds, { limit: 2 })
      if (kind < 0.55) return [await session.startWork(processName, machineIds)]
      return [await session.startWork(processName, (tx) => claimable(tx, processName, { limit: 3 }))]
    })
    if (claimed.length === 0) await sleep(random.between(50, 200))
    await Promise.all(claimed.map((work) => this.#caught(() => this.#threePhases(work))))
  }

  /** Claims. Only the loss of the session excuses one that does not know what became of it: the time for it is longer. */
  async #claim<T>(session: Session<PrismaClient>, claim: () => Promise<(T | null)[]>): Promise<T[]> {
    try {
      return (await claim()).filter((work) => work !== null)
    } catch (error) {
      if (isBMDBError(error, 'ERR_COMMIT_OUTCOME_UNKNOWN') && !session.signal.aborted)
        this.#recorder.write({ is: 'unexpected', error: `a claim: ${shown(error)}` })
      throw error
    }
  }

  /** The form with a function: the lock is ended by how that ends. @returns whether somebody else held the machine */
  async #lockOne(session: Session<PrismaClient>, machineId: string): Promise<boolean> {
    try {
      await session.work(
        machineId,
        processName,
        async (work) => {
          const stopped = this.#hold(work)
          try {
            await this.#use(work)
            if (this.#random.chance(0.1)) throw new Meant()
          } finally {
            stopped()
          }
        },
        { backoff: { initialSeconds: 1 } },
      )
      this.#recorder.write({ is: 'ended', how: 'finished' })
      return false
    } catch (error) {
      if (error instanceof Meant) this.#recorder.write({ is: 'ended', how: 'failed' })
      else if (isBMDBError(error, 'ERR_WORK_CONFLICT') || isBMDBError(error, 'ERR_WORK_BACKOFF')) return true
      throw error
    }
  }

  /** The form of three phases: claimed before, it works, and ends in one of the ways. An end that failed is tried again. */
  async #threePhases(work: Work<PrismaClient>): Promise<void> {
    const stopped = this.#hold(work)
    try {
      await this.#use(work)
    } catch (error) {
      // Whatever went wrong, a lock that is still held is given back.
      stopped()
      if (!work.signal.aborted) await work.cancel()
      throw error
    }
    stopped()
    for (let tries = 1; ; tries++)
      try {
        this.#recorder.write({ is: 'ended', how: await this.#end(work) })
        return
      } catch (error) {
        const over = work.ended || work.signal.aborted || isBMDBError(error, 'ERR_COMMIT_OUTCOME_UNKNOWN')
        if (over || tries === 5) throw error
        this.#note(error)
        await sleep(this.#random.between(50, 200))
      }
  }

  async #end(work: Work<PrismaClient>): Promise<'finished' | 'failed' | 'canceled'> {
    const how = this.#random.next()
    if (how < 0.6) await this.#increment(work, 'finish')
    else if (how < 0.75) await work.finish()
    else if (how < 0.9) {
      await work.fail(new Meant(), { initialSeconds: 1 })
      return 'failed'
    } else {
      await work.cancel()
      return 'canceled'
    }
    return 'finished'
  }

  /** What is done under the lock. */
  async #use(work: Work<PrismaClient>): Promise<void> {
    await this.#register.write(work)
    const pause = this.#pauses.shift()
    const rounds = Math.floor(this.#random.between(2, 9))
    const pauseAt = Math.floor(this.#random.between(0, rounds))
    for (let round = 0; round < rounds && !this.#ending.aborted; round++) {
      await this.#caught(() => this.#increment(work, 'transact'))
      if (pause !== undefined && round === pauseAt) await this.#pause(pause)
      // It looks at no signal before it writes: that is what the register's fence is for.
      await this.#register.write(work)
      work.signal.throwIfAborted()
      await sleep(this.#random.between(0, 60), undefined, { signal: work.signal })
    }
  }

  async #pause({ ms, blocking }: Pause): Promise<void> {
    if (blocking) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    else await sleep(ms)
  }

  #increment(work: Work<PrismaClient>, kind: 'transact' | 'finish'): Promise<void> {
    return new Increment(work, kind, this.#recorder).run(this.#random.chance(0.2) ? this.#random.between(0, 150) : 0)
  }

  /** Writes the window of a hold down. @returns tells that from now on the machine is left alone; twice is harmless */
  #hold(work: Work<PrismaClient>): () => void {
    const key = { machineId: work.machineId, token: String(work.token) }
    let over = work.signal.aborted
    const stopped = (): void => {
      if (!over) this.#recorder.write({ is: 'stopped', ...key, ns: String(process.hrtime.bigint()) })
      over = true
    }
    if (!over) this.#recorder.write({ is: 'claimed', ...key, ns: String(process.hrtime.bigint()) })
    work.signal.addEventListener('abort', stopped, { once: true })
    return stopped
  }

  async #caught<T>(run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run()
    } catch (error) {
      this.#note(error)
      return undefined
    }
  }

  #note(error: unknown): void {
    if (error instanceof Meant) return
    if (isBMDBError(error)) this.#recorder.write({ is: 'error', code: error.code })
    if (!isExpected(error)) this.#recorder.write({ is: 'unexpected', error: shown(error) })
  }
}

function shown(error: unknown): string {
  return error instanceof Error ? `${error.stack ?? String(error)} ${JSON.stringify(error)}` : String(error)
}
