import { parseArgs } from 'node:util'
import { parseFault, type Faults } from './faults.ts'
import type { RackOptions } from './rack.ts'

export const HELP = `Usage: bmc-simulator [flags]

Starts simulated BMCs: Redfish services over HTTP on loopback ports. Ctrl-C ends them.

  --count N             how many BMCs, 1 to 1000 (default 12)
  --port P              the first BMC's port, the others' follow (default: whichever are free)
  --seed S              the same seed gives the same hardware (default: bmdb)
  --tree DIR            serve the Redfish tree in DIR instead: a folder per resource, with an index.json
  --fault NAME[=VALUE]  slow=MS, error, reset, truncated, unauthorized or hang; may be given more than once
  --fault-on INDEX      only the BMC with this index, from 0, has the faults (default: all have them)
  --username U          ask for this user name, with --password
  --password P          ask for this password, with --username
  --help                say this
`

/** A command line that makes no sense; the message is one line for whoever typed it. */
export class FlagError extends Error {
  override readonly name = 'FlagError'
}

/**
 * Reads the command line. Null: help was asked for.
 *
 * @throws FlagError
 */
export function parseFlags(args: readonly string[]): RackOptions | null {
  const flags = parsed(args)
  if (flags.help === true) return null
  const count = flags.count === undefined ? 12 : whole('count', flags.count, 1, 1000)
  const { username, password } = flags
  if ((username === undefined) !== (password === undefined)) {
    throw new FlagError('--username and --password go together')
  }
  if (username?.includes(':') === true) throw new FlagError('--username cannot have a colon in it')
  if (flags['fault-on'] !== undefined && flags.fault === undefined) {
    throw new FlagError('--fault-on needs a --fault')
  }
  return {
    count,
    firstPort: flags.port === undefined ? 0 : whole('port', flags.port, 1, 65_536 - count),
    seed: flags.seed ?? 'bmdb',
    tree: flags.tree,
    faults: faults(flags.fault ?? []),
    faultOn: flags['fault-on'] === undefined ? undefined : whole('fault-on', flags['fault-on'], 0, count - 1),
    credentials: username === undefined || password === undefined ? undefined : { username, password },
  }
}

function parsed(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        count: { type: 'string' },
        port: { type: 'string' },
        seed: { type: 'string' },
        tree: { type: 'string' },
        fault: { type: 'string', multiple: true },
        'fault-on': { type: 'string' },
        username: { type: 'string' },
        password: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
    return values
  } catch (error) {
    // parseArgs explains some mistakes over several sentences; the first says what is wrong.
    throw new FlagError((error as Error).message.split(/\.\s|\n/)[0], { cause: error })
  }
}

function whole(flag: string, text: string, low: number, high: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
  if (value >= low && value <= high) return value
  throw new FlagError(`--${flag} must be a whole number from ${low} to ${high}, not '${text}'`)
}

function faults(texts: readonly string[]): Faults {
  try {
    return Object.assign({}, ...texts.map(parseFault)) as Faults
  } catch (error) {
    throw new FlagError(`--fault: ${(error as Error).message}`, { cause: error })
  }
}
