import { parseArgs } from 'node:util'
import { alwaysThere } from './common-flags.ts'
import { UsageError } from './errors.ts'
import type { Flag, Flags, FlagValues } from './flag.ts'
import { flagName } from './flag-name.ts'
import type { LogLevel } from './log-level.ts'
import { quote } from './redact.ts'
import type { Usage } from './usage.ts'

/** Environment variables, as a program's `config.ts` hands them over. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The checked settings of a program: its own flags, and what every program has. */
export type Settings<Given extends Flags> = FlagValues<Given> & {
  /** Default `info`. */
  readonly logLevel: LogLevel
  /** `NODE_ENV` is `production`. */
  readonly production: boolean
}

/**
 * Reads the settings: from flags, then from the environment, where an empty variable counts as none, then the defaults.
 * @param argv - what was typed after the program's name
 * @returns `help` if that is all that is wanted
 * @throws UsageError naming the flag or variable, and its value unless it may hold a password
 */
export function readSettings<Given extends Flags>(
  usage: Usage<Given>,
  argv: readonly string[],
  env: Environment,
): Settings<Given> | 'help' {
  const flags: Flags = { ...usage.flags, ...alwaysThere }
  const typed = readFlags(flags, argv)
  if (typed === 'help') return 'help'
  const values = Object.entries(flags).map(([key, flag]): [string, unknown] => {
    const text = typed.get(flagName(key))
    if (text !== undefined) return [key, parse(flag, flagName(key), text)]
    const variable = flag.environmentVariable
    const inherited = variable === undefined ? undefined : env[variable]
    if (variable === undefined || inherited === undefined || inherited === '') return [key, flag.fallback]
    return [key, parse(flag, variable, inherited)]
  })
  return { ...Object.fromEntries(values), production: env['NODE_ENV'] === 'production' } as Settings<Given>
}

function parse<Value>(flag: Flag<Value>, name: string, text: string): Value {
  const value = flag.parse(text)
  if (value === undefined) {
    const shown = text === '' ? 'empty' : flag.secret ? 'not usable' : quote(text)
    throw new UsageError(`${name} is ${shown}, it must be ${flag.expected}`)
  }
  return value
}

/** What was typed for each flag; the last one counts. */
function readFlags(flags: Flags, argv: readonly string[]): Map<string, string> | 'help' {
  const kinds = new Map(Object.entries(flags).map(([key, flag]) => [flagName(key), flag]))
  const options = Object.fromEntries(
    [...kinds].map(([name, flag]) => [
      name.slice(2),
      { type: flag.placeholder === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const typed = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') throw new UsageError(`unexpected argument ${quote(token.value)}: see --help`)
    if (token.name === 'help' && !token.inlineValue) return 'help'
    const flag = token.rawName.startsWith('--') ? kinds.get(token.rawName) : undefined
    if (flag === undefined) throw new UsageError(`unknown flag ${quote(token.rawName)}: see --help`)
    typed.set(token.rawName, valueOf(flag, token))
  }
  return typed
}

function valueOf(
  flag: Flag<unknown>,
  token: { readonly rawName: string; readonly value?: string | undefined; readonly inlineValue?: boolean | undefined },
): string {
  const { rawName, value } = token
  if (flag.placeholder === undefined) {
    if (token.inlineValue === true) throw new UsageError(`${rawName} takes no value: give it or leave it out`)
    return 'true'
  }
  // `--limit --listen …`: the value was forgotten. A negative number is a value, if a wrong one.
  const forgotten = value === undefined || (token.inlineValue !== true && /^-(?![\d.])/.test(value))
  if (forgotten) throw new UsageError(`${rawName} needs a value: ${flag.expected}`)
  return value
}
