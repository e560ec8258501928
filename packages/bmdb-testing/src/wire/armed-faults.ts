import { matches, type Fault, type Statement, type StatementMatch } from './fault.ts'

/** A fault that is to happen now; `happened` is called when it has. */
export interface DueFault {
  readonly fault: Fault
  readonly happened: () => void
}

interface Armed extends DueFault {
  readonly match: StatementMatch
  readonly once: boolean
  /** 0 to 1. */
  readonly chance: number
}

/** The faults that wait for their statements. The one armed first that matches is used. */
export class ArmedFaults {
  #armed: Armed[] = []

  next(match: StatementMatch, fault: Fault): Promise<void> {
    return new Promise((happened) => {
      this.#armed.push({ match, fault, happened, once: true, chance: 1 })
    })
  }

  /** @returns ends it */
  every(match: StatementMatch, fault: Fault, chance: number): () => void {
    const armed: Armed = { match, fault, happened: () => {}, once: false, chance }
    this.#armed.push(armed)
    return () => {
      this.#armed = this.#armed.filter((one) => one !== armed)
    }
  }

  disarm(): void {
    this.#armed = []
  }

  /** The fault for what a client sends in one go, if there is one. */
  take(statements: readonly Statement[]): DueFault | undefined {
    const taken = this.#armed.find(
      ({ match, chance }) =>
        statements.some((statement) => matches(match, statement)) && (chance >= 1 || Math.random() < chance),
    )
    if (taken?.once === true) this.#armed = this.#armed.filter((one) => one !== taken)
    return taken
  }
}
