import { setTimeout as sleep } from 'node:timers/promises'
import type { Pause } from '@bmdb/testing'
import { Program, type Command } from './program.ts'

/** What the tormentor did to programs, and what they did by themselves. */
export interface Happenings {
  readonly pauses: Pause[]
  /** When the database was away, and its clients could not yet be back: wall clock, milliseconds. */
  readonly outages: { readonly fromMs: number; readonly toMs: number }[]
  /** Programs that ended by themselves: they should not. */
  readonly crashes: string[]
}

/** A place for one program after the other: whoever is killed is followed by the next one. */
export class Slot {
  readonly #command: (number: number) => Command
  readonly #happenings: Happenings
  readonly #closing: AbortSignal
  #number = 0
  program: Program
  /** Resolves when the first one is ready. */
  readonly ready: Promise<void>
  /** The tormentor is at it. */
  busy = false

  /** @param closing - from then on nobody follows */
  constructor(command: (number: number) => Command, happenings: Happenings, closing: AbortSignal) {
    this.#command = command
    this.#happenings = happenings
    this.#closing = closing
    this.program = this.#start()
    this.ready = this.program.ready
  }

  /** Whether there is a program to torment. */
  get free(): boolean {
    return !this.busy && this.program.isReady && !this.program.over
  }

  kill(): void {
    this.#happenings.pauses.push({ holder: this.program.name, fromNs: process.hrtime.bigint(), toNs: undefined })
    this.program.kill()
  }

  /** Stops the program, which goes on after that time, or when the signal aborts. */
  async stop(ms: number, signal: AbortSignal): Promise<void> {
    const { program } = this
    program.stop(ms)
    await sleep(ms, undefined, { signal }).catch(() => {})
    const fromNs = program.stoppedNs
    if (fromNs !== undefined)
      this.#happenings.pauses.push({ holder: program.name, fromNs, toNs: process.hrtime.bigint() })
    program.continue()
  }

  #start(): Program {
    this.#number += 1
    const program = new Program(this.#command(this.#number))
    void program.ended.then(async (how) => {
      if (!program.meantToEnd)
        this.#happenings.crashes.push(`${program.name} ended with ${how} by itself: ${program.output}`)
      await sleep(500)
      if (!this.#closing.aborted) this.program = this.#start()
    })
    return program
  }
}
