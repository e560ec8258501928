import type { Io } from '../io.ts'

/** Signals that ask this program to end: the command gets them in its place. */
export const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const
export type PassedOn = (typeof passedOn)[number]

/** This program was asked to end before its command ran. */
export class InterruptedError extends Error {
  readonly signalName: PassedOn

  constructor(signalName: PassedOn) {
    super(`stopped by ${signalName}; the command was not started`)
    this.name = 'InterruptedError'
    this.signalName = signalName
  }
}

/** Receives signals in place of the system's default, which would leave the command alone. */
export class Signals implements Disposable {
  /** Aborts at the first signal that comes before {@link hold}. */
  readonly early: AbortSignal
  readonly #early = new AbortController()
  readonly #forget: (() => void)[]
  readonly #kept: PassedOn[] = []
  #receive = (name: PassedOn): void => this.#early.abort(new InterruptedError(name))

  constructor(io: Pick<Io, 'on' | 'off'>) {
    this.early = this.#early.signal
    this.#forget = passedOn.map((name) => {
      const listener = (): void => this.#receive(name)
      io.on(name, listener)
      return () => io.off(name, listener)
    })
  }

  /** From now on signals are kept for the command, which is about to start. */
  hold(): void {
    this.#receive = (name) => void this.#kept.push(name)
  }

  /** Gives what was kept, and all that follow, to the command. */
  passTo(receive: (name: PassedOn) => void): void {
    this.#receive = receive
    for (const name of this.#kept.splice(0)) receive(name)
  }

  [Symbol.dispose](): void {
    for (const forget of this.#forget) forget()
  }
}
