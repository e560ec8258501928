interface Waiter {
  readonly process: string
  readonly grant: (count: number) => void
}

/**
 * Who may run how much: so many runs in all, and of each process no more than its own limit. Slots are taken before a
 * claim and given back where it finds less. Whoever waits longest is served first; where several processes wait, they
 * share what is free, so that one with many machines leaves something to the others.
 */
export class Slots {
  #free: number
  readonly #freeOf: Map<string, number>
  readonly #waiting: Waiter[] = []
  #serving = false

  constructor(concurrency: number, limits: ReadonlyMap<string, number>) {
    this.#free = concurrency
    this.#freeOf = new Map(limits)
  }

  /** Waits for at least one free slot. @returns how many were taken; 0 if the signal aborted first */
  take(process: string, signal: AbortSignal): Promise<number> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve(0)
        return
      }
      const grant = (count: number): void => {
        signal.removeEventListener('abort', onAbort)
        resolve(count)
      }
      const waiter = { process, grant }
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        resolve(0)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(waiter)
      this.#serveSoon()
    })
  }

  /** Gives back what was taken. */
  give(process: string, count: number): void {
    this.#free += count
    this.#freeOf.set(process, this.#room(process) + count)
    this.#serveSoon()
  }

  /** Once for all that ask in one turn: only then it is known who shares. */
  #serveSoon(): void {
    if (this.#serving) return
    this.#serving = true
    queueMicrotask(() => {
      this.#serving = false
      this.#serve()
    })
  }

  #serve(): void {
    const ready = this.#waiting.filter((waiter) => this.#room(waiter.process) > 0)
    ready.forEach((waiter, index) => {
      const share = Math.ceil(this.#free / (ready.length - index))
      const count = Math.min(share, this.#room(waiter.process))
      if (count === 0) return
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
      this.#free -= count
      this.#freeOf.set(waiter.process, this.#room(waiter.process) - count)
      waiter.grant(count)
    })
  }

  #room(process: string): number {
    return this.#freeOf.get(process) ?? 0
  }
}
