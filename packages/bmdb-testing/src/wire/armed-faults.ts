import { checkFault, matches, type Fault, type Statement, type StatementMatch } from './fault.ts'

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
  readonly never?: (reason: Error) => void
}

/** How many statements are remembered, for whoever wonders why a fault never happened. */
const remembered = 10

/** The faults that wait for their statements. The one armed first that matches is used. */
export class ArmedFaults {
  #armed: Armed[] = []
  #passed: Statement[] = []

  next(match: StatementMatch, fault: Fault): Promise<void> {
    checkFault(fault)
    const struck = new Promise<void>((happened, never) => {
      this.#armed.push({ match, fault, happened, never, once: true, chance: 1 })
    })
    // Only whoever waits for it wants to know.
    struck.catch(() => {})
    return struck
  }

  /** @returns ends it */
  every(match: StatementMatch, fault: Fault, chance: number): () => void {
    checkFault(fault)
    const armed: Armed = { match, fault, happened: () => {}, once: false, chance }
    this.#armed.push(armed)
    return () => {
      this.#armed = this.#armed.filter((one) => one !== armed)
    }
  }

  disarm(): void {
    this.#armed = []
  }

  close(): void {
    const passed = this.#passed.map(({ text, name }) => `\n  ${name === '' ? text : `${name}: ${text}`}`)
    for (const { match, fault, never } of this.#armed)
      never?.(new Error(`${fault.do} at ${String(match)} never happened; the last statements were:${passed.join('')}`))
    this.disarm()
  }

  /** The fault for what a client sends in one go, if there is one. */
  take(statements: readonly Statement[]): DueFault | undefined {
    const taken = this.#armed.find(
      ({ match, chance }) =>
        statements.some((statement) => matches(match, statement)) && (chance >= 1 || Math.random() < chance),
    )
    this.#passed = [...this.#passed, ...statements].slice(-remembered)
    if (taken?.once === true) this.#armed = this.#armed.filter((one) => one !== taken)
    return taken
  }
}
