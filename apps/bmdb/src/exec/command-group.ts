import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { Environment } from '@bmdb/program'
import { shellExitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { startWatch } from './watch.ts'

/** The command could not be started: there is none, or it cannot be run. */
export class CommandNotStartedError extends Error {
  /** As shells have it: 127 or 126. */
  readonly exitCode: number

  constructor(command: string, error: NodeJS.ErrnoException) {
    const missing = error.code === 'ENOENT'
    super(missing ? `${command}: there is no such command` : `${command} cannot be run: ${error.message}`)
    this.exitCode = missing ? shellExitCodes.notFound : shellExitCodes.cannotRun
  }
}

/** How a command ended. */
export interface CommandEnd {
  /** What `exec` exits with for it: 128 plus the signal's number where one killed it. */
  readonly exitCode: number
  /** Such as `exit code 3`. */
  readonly how: string
}

/** How often it is looked at whether anybody of a group is left. */
const lookEveryMs = 20
/** What was killed and is still there after this cannot be waited for: nobody collects it. */
const afterKillMs = 1_000

/** A command in a process group of its own, so that a signal reaches all that it starts. */
export class CommandGroup {
  /** Resolves when the command itself ended; others of its group may be left. */
  readonly ended: Promise<CommandEnd>
  readonly #pid: number
  readonly #io: Pick<Io, 'kill'>
  readonly #dismiss: () => void
  #killedMs: number | undefined
  #left = true

  private constructor(pid: number, ended: Promise<CommandEnd>, io: Pick<Io, 'kill'>, dismiss: () => void) {
    this.#pid = pid
    this.ended = ended
    this.#io = io
    this.#dismiss = dismiss
  }

  /** Starts a command. @throws CommandNotStartedError */
  static async start(command: readonly string[], env: Environment, io: Pick<Io, 'kill'>): Promise<CommandGroup> {
    const [file = '', ...rest] = command
    const watch = startWatch()
    const child = spawn(file, rest, { detached: true, stdio: 'inherit', env: { ...env } })
    const ended = new Promise<CommandEnd>((resolve) =>
      child.once('exit', (code, signal) => resolve(endOf(code, signal))),
    )
    try {
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve)
        child.once('error', (error) => reject(new CommandNotStartedError(file, error)))
        if (child.pid !== undefined) watch.over(child.pid)
      })
    } catch (error) {
      watch.dismiss()
      throw error
    }
    // A signal that cannot be sent is an error of the child too.
    child.on('error', () => {})
    return new CommandGroup(child.pid!, ended, io, () => watch.dismiss())
  }

  /** Sends a signal to the whole group, if anybody of it is left. */
  signal(name: NodeJS.Signals): void {
    if (!this.#left) return
    if (name === 'SIGKILL') this.#killedMs ??= performance.now()
    this.#send(name)
  }

  /** Whether anybody of the group is left. */
  get left(): boolean {
    return this.#left && (this.#left = this.#send(0))
  }

  /** Resolves when the command has ended, and nobody of its group is left. */
  async gone(): Promise<void> {
    await this.ended
    while (this.left) {
      if (this.#killedMs !== undefined && performance.now() - this.#killedMs > afterKillMs) break
      await wait(lookEveryMs)
    }
    this.#left = false
    this.#dismiss()
  }

  #send(signal: NodeJS.Signals | 0): boolean {
    try {
      this.#io.kill(-this.#pid, signal)
      return true
    } catch (error) {
      // Somebody is there who may not be signalled, such as a program with other rights.
      return (error as NodeJS.ErrnoException).code === 'EPERM'
    }
  }
}

function endOf(code: number | null, signal: NodeJS.Signals | null): CommandEnd {
  if (signal !== null)
    return { exitCode: shellExitCodes.signal + constants.signals[signal], how: `killed by ${signal}` }
  return { exitCode: code ?? 0, how: `exit code ${code ?? 0}` }
}
