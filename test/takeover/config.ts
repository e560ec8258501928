import { parseArgs } from 'node:util'

export const help = `Kills programs that hold a machine with SIGKILL, again and again, and measures how long after the dead
holder's deadline another program has taken over: by the database's clock, with no collector running.

usage: npm run takeover -- [--times N] [--interval SECONDS] [--parallel N] [--poll MS] [--server-url URL] [--json FILE]

  --times N            how many holders to kill; default 50
  --interval SECONDS   their interval; default 5
  --parallel N         how many are held and killed at the same time; default 5
  --poll MS            how long the claimant waits when there is nothing to claim, half as much more or less; default 250
  --server-url URL     a PostgreSQL or CockroachDB server, for a database of its own; default the embedded one, in memory
  --json FILE          writes the figures into a file, too

Exits with 0 if each takeover came after its deadline and the slowest at most a second later, else with 1.
`

export interface Settings {
  readonly times: number
  readonly intervalSeconds: number
  readonly parallel: number
  readonly pollMs: number
  readonly serverUrl: string | undefined
  readonly jsonFile: string | undefined
}

/** The settings, or null where only help is asked for. @throws Error that names the flag and what it may be */
export function readSettings(argv: readonly string[]): Settings | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      times: { type: 'string', default: '50' },
      interval: { type: 'string', default: '5' },
      parallel: { type: 'string', default: '5' },
      poll: { type: 'string', default: '250' },
      'server-url': { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  return {
    times: wholeNumber('--times', values.times, 1, 100_000),
    intervalSeconds: wholeNumber('--interval', values.interval, 1, 3_600),
    parallel: wholeNumber('--parallel', values.parallel, 1, 50),
    pollMs: wholeNumber('--poll', values.poll, 10, 60_000),
    serverUrl: values['server-url'],
    jsonFile: values.json,
  }
}

function wholeNumber(flag: string, value: string, minimum: number, maximum: number): number {
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= minimum && number <= maximum) return number
  throw new Error(`${flag} is "${value}", it must be a whole number from ${minimum} to ${maximum}`)
}
