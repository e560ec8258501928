/** A run took longer than its process allows. The run's signal aborts with it, and the work fails with it. */
export class RunTimeoutError extends Error {
  readonly code = 'ERR_RUN_TIMEOUT'
  readonly process: string
  readonly machineId: string
  readonly timeoutSeconds: number

  constructor(process: string, machineId: string, timeoutSeconds: number, options?: ErrorOptions) {
    super(`${process} on machine ${machineId} took longer than ${timeoutSeconds} s`, options)
    this.name = 'RunTimeoutError'
    this.process = process
    this.machineId = machineId
    this.timeoutSeconds = timeoutSeconds
  }
}

/** The runner was stopped, and the time for what was under way is over. The run's signal aborts with it. */
export class RunnerStoppedError extends Error {
  readonly code = 'ERR_RUNNER_STOPPED'

  constructor(drainSeconds: number) {
    super(`the runner was stopped, and the run did not end within ${drainSeconds} s`)
    this.name = 'RunnerStoppedError'
  }
}
