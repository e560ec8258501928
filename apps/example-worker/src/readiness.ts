/** What of a runner says whether it can work. */
interface Worker {
  readonly session: { readonly expired: boolean } | undefined
}

/** Whether the worker can take work: the database reached, its processes declared, and a session that holds. */
export class Readiness {
  #opened = false
  #runner: Worker | undefined

  /** The database was reached, and its migrations are those that are needed. */
  opened(): void {
    this.#opened = true
  }

  /** The processes were declared. */
  started(runner: Worker): void {
    this.#runner = runner
  }

  /** Why it is not ready, a sentence each; none if it is. */
  reasons(): string[] {
    if (!this.#opened) return ['the database was not reached yet']
    if (this.#runner === undefined) return ['the processes are not declared yet']
    return this.#runner.session?.expired === false ? [] : ['there is no session']
  }
}
