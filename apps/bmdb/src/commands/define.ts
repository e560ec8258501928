import { InvalidArgumentError, version } from '@bmdb/core'
import { redact, UsageError } from '@bmdb/program'
import { Command, Option, type CommanderError } from 'commander'
import { seconds, text, type Kind } from '../arguments/kinds.ts'
import { settingsOf } from '../config.ts'
import type { Context } from '../context.ts'
import { ShownError, UsageFailure } from '../failures.ts'
import type { Io } from '../io.ts'
import { Output } from '../output/output.ts'

/** One run of the command: what it runs with, and what came of it. */
export interface Run {
  readonly io: Io
  /** What was typed after the program's name. */
  readonly argv: readonly string[]
  exitCode: number
}

/** What a command's help tells. */
export interface CommandText {
  /** What it does, in a sentence without a full stop. */
  readonly description: string
  /** The same for the list of all commands. Default: the description. */
  readonly summary?: string
  /** Commands that can be typed, and what they are for. */
  readonly examples?: readonly (readonly [command: string, meaning: string])[]
}

/** Options that every command has. */
interface GlobalOptions {
  readonly databaseUrl?: string
  readonly json?: true
  readonly timeout?: number
}

const databaseUrl: Kind<string> = text(10_000)

/** The root of all commands. */
export function rootCommand(io: Io): Command {
  const root = new Command('bmdb')
  root.enablePositionalOptions()
  root.configureOutput({
    writeOut: (shown) => void io.stdout.write(shown),
    writeErr: (shown) => void io.stderr.write(shown),
    // Errors are told by `run`, in one place.
    outputError: () => {},
    getOutHelpWidth: () => io.stdout.columns ?? 100,
    getErrHelpWidth: () => io.stderr.columns ?? 100,
  })
  root.version(version, '--version', 'prints the version')
  root.helpOption('-h, --help', 'prints this')
  root.helpCommand('help [command]', 'prints the help of a command')
  return prepared(root)
}

/** Adds a command or a group of commands. */
export function addCommand(parent: Command, name: string, commandText: CommandText): Command {
  const { description, summary = description, examples = [] } = commandText
  const command = prepared(parent.command(name).description(description).summary(summary))
  if (examples.length > 0) {
    const lines = examples.flatMap(([typed, meaning]) => [`  ${typed}`, `      ${meaning}`])
    command.addHelpText('after', ['', 'Examples:', ...lines].join('\n'))
  }
  return command
}

/** Every command has the options for all, and tells its own mistakes. */
function prepared(command: Command): Command {
  command.exitOverride((error: CommanderError) => {
    if (error.code === 'commander.helpDisplayed' || error.code === 'commander.version') throw new ShownError()
    if (error.code === 'commander.help' && error.exitCode === 0) throw new ShownError()
    if (error.code === 'commander.help') throw new UsageFailure(command, 'which command? They are listed above')
    throw new UsageFailure(command, error.message.replace(/^error: /, ''))
  })
  return command
}

/** Options for all, at the root and at every command that does something. */
export function addGlobalOptions(command: Command): void {
  command.addOption(new Option('--json', 'prints the result as JSON'))
  addOption(command, '--database-url <URL>', 'default: $BMDB_DATABASE_URL, or else the embedded database', databaseUrl)
  addOption(command, '--timeout <SECONDS>', 'for opening the database, and for each thing done there; default: 30', {
    ...seconds(0.1, 86_400),
  })
}

/** Adds an option with a value. */
export function addOption(
  command: Command,
  flags: string,
  description: string,
  kind: Kind<unknown>,
  { required = false, conflicts = [] }: { required?: boolean; conflicts?: readonly string[] } = {},
): void {
  const option = new Option(flags, description)
  option.argParser((typed) => checked(command, option.long ?? flags, kind, typed)).conflicts([...conflicts])
  command.addOption(option.makeOptionMandatory(required))
}

/** Adds an argument: `<NAME>`, or `[NAME]` if it may be left out. */
export function addArgument(command: Command, name: string, description: string, kind: Kind<unknown>): void {
  command.argument(name, description, (typed: string) => checked(command, name.slice(1, -1), kind, typed))
}

function checked<Value>(command: Command, name: string, kind: Kind<Value>, typed: string): Value {
  const value = kind.parse(typed)
  if (value === undefined) throw new UsageFailure(command, `${name} is ${quoted(typed)}, it must be ${kind.expected}`)
  return value
}

/** A value as it was typed: at most 60 characters, and no password. */
export function quoted(typed: string): string {
  if (typed === '') return 'empty'
  const shown = redact(typed)
  return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 60)}…` : shown)
}

function root(command: Command): Command {
  return command.parent === null ? command : root(command.parent)
}

/**
 * Says what the command does.
 * @param action - gets the checked options and arguments, and returns the exit code
 */
export function whenRun<Options>(
  run: Run,
  command: Command,
  action: (context: Context, options: Options, given: readonly (string | undefined)[]) => Promise<number>,
): void {
  addGlobalOptions(command)
  command.action(async () => {
    // What stands behind the command counts more than what stands before it.
    const options = { ...root(command).opts<GlobalOptions>(), ...command.opts<GlobalOptions & Options>() }
    const { io } = run
    const settings = settingsOf(io.env)
    const context: Context = {
      io,
      output: new Output(io.stdout, io.stderr, options.json === true),
      databaseUrl: options.databaseUrl ?? settings.databaseUrl,
      production: settings.production,
      timeoutMs: Math.ceil((options.timeout ?? 30) * 1_000),
    }
    try {
      run.exitCode = await action(context, options, command.processedArgs as (string | undefined)[])
    } catch (error) {
      const mistyped = error instanceof InvalidArgumentError || error instanceof UsageError
      throw mistyped ? new UsageFailure(command, error.message) : error
    }
  })
}
