import { isBMDBError } from '@bmdb/core'
import { gate } from '@bmdb/testing'
import type { Outcome } from './changes.ts'

/** Waits where a function stands, until the call is told to go on; returns what it was given. */
export type Stand = <T>(value: T) => Promise<T>

interface OpenCall {
  readonly session: number
  readonly goOn: () => void
  readonly outcome: Promise<Outcome>
  readonly looks: () => number
}

/** Calls that stand in their functions, by the number of the operation that began them. */
export class OpenCalls {
  readonly #calls = new Map<number, OpenCall>()

  /** Begins a call, and leaves it where its function stands; or returns how it ended before. */
  async begin(number: number, session: number, start: (stand: Stand) => Promise<Outcome>): Promise<Outcome | 'begun'> {
    const stands = gate()
    const told = gate()
    let looks = 0
    const outcome = start(async (value) => {
      looks += 1
      stands.open()
      await told.opened
      return value
    })
    this.#calls.set(number, { session, goOn: () => told.open(), outcome, looks: () => looks })
    const first = await Promise.race([outcome, stands.opened.then(() => 'begun' as const)])
    if (first !== 'begun') this.#calls.delete(number)
    return first
  }

  /** How often the function of a call was run, so far. */
  looks(number: number): number {
    return this.#calls.get(number)!.looks()
  }

  /** Lets a call go on, and waits for its end. */
  async goOn(number: number): Promise<void> {
    const call = this.#calls.get(number)!
    call.goOn()
    await call.outcome
  }

  /** What came of a call, which is then forgotten. */
  async outcome(number: number): Promise<Outcome> {
    const end = await this.#calls.get(number)!.outcome
    this.#calls.delete(number)
    return end
  }

  anyOf(session: number): boolean {
    return [...this.#calls.values()].some((call) => call.session === session)
  }

  /** Lets all go on, and waits for their ends. */
  async end(): Promise<void> {
    await Promise.allSettled([...this.#calls.keys()].map((number) => this.goOn(number)))
  }
}

/** @throws what is no error of BMDB */
export async function outcomeOf(promise: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await promise }
  } catch (error) {
    if (isBMDBError(error)) return { code: error.code }
    throw error
  }
}
