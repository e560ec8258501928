import { join } from 'node:path'
import { findWorkspaceDirectory } from '@bmdb/embedded'
import { UsageError } from './errors.ts'
import { failureLine } from './failure-line.ts'
import type { Flags } from './flag.ts'
import { createLog, type Log, type LogStream } from './log.ts'
import { readSettings, type Environment, type Settings } from './settings.ts'
import { stopOnSignals } from './stop.ts'
import type { System } from './system.ts'
import { helpText, type Usage } from './usage.ts'

/** What a program's `main` is given. */
export interface ProgramContext<GivenSettings> {
  /** The program's name. */
  readonly name: string
  readonly settings: GivenSettings
  readonly log: Log
  /** Aborts when the program is asked to stop: then `main` ends what it does, and returns or throws the reason. */
  readonly signal: AbortSignal
  /** Where the embedded database is: `.bmdb` in the workspace around the current directory. */
  readonly directory: string
}

/** For {@link runProgram}. */
export interface RunProgramOptions<Given extends Flags> {
  readonly usage: Usage<Given>
  /** What was typed after the program's name. */
  readonly argv: readonly string[]
  readonly env: Environment
  /** Node's `process`. */
  readonly system: System
  /** The program. A number that it returns is the exit code. */
  readonly main: (context: ProgramContext<Settings<Given>>) => Promise<number | void>
}

/**
 * Runs a program: reads its settings, makes its log, stops it at signals, and says in one line why it failed. A program's
 * `main.ts` is
 *
 *     process.exit(await runProgram({ usage, argv: process.argv.slice(2), env: environment, system: process, main }))
 *
 * @returns the exit code: 0 if it ended or was stopped, 1 if it failed, 2 for a mistake in flags or environment
 */
export async function runProgram<Given extends Flags>(options: RunProgramOptions<Given>): Promise<number> {
  const { usage, system } = options
  const complain = (line: string): Promise<void> => write(system.stderr, `${line}\n`)
  let settings: Settings<Given> | 'help'
  try {
    settings = readSettings(usage, options.argv, options.env)
  } catch (error) {
    await complain(failureLine(usage.name, error))
    return error instanceof UsageError ? 2 : 1
  }
  if (settings === 'help') {
    await write(system.stdout, helpText(usage))
    return 0
  }
  const colours = (options.env['NO_COLOR'] ?? '') === ''
  const log = createLog({ name: usage.name, level: settings.logLevel, stream: system.stdout, colours })
  using stop = stopOnSignals(system)
  // A program that only waits for its signal holds nothing else that keeps Node alive.
  const alive = setInterval(() => {}, 2 ** 30)
  const directory = join(findWorkspaceDirectory(system.cwd()), '.bmdb')
  try {
    return (await options.main({ name: usage.name, settings, log, signal: stop.signal, directory })) ?? 0
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return 0
    await complain(failureLine(usage.name, error, settings.logLevel === 'debug'))
    return error instanceof UsageError ? 2 : 1
  } finally {
    clearInterval(alive)
    await write(system.stdout, '')
  }
}

/** Resolves when the stream has taken it and all before, or after a moment: a reader may have gone. */
function write(stream: LogStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 500)
    stream.write(text, () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
