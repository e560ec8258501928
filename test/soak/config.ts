import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** What `--break` knows. */
export const breakNames = ['guard', 'takeover'] as const
export type BreakName = (typeof breakNames)[number]

export const help = `Lets worker programs lock, work and count on a few machines for a while, and torments them: kills, stops, breaks
and black-holes their connections, loses answers of COMMIT, restarts the database, steps their clocks, makes them pause.
Then it judges what they saw against what the database and a fenced register outside of it say.

usage: npm run soak -- [--minutes M | --seconds S] [--seed N] [--workers N] [--machines N] [--collectors N]
                       [--interval S] [--database-url URL] [--json FILE] [--break NAME]

  --minutes M          how long it torments, 0.1 to 10080; default 10, with --break less than half of one
  --seconds S          the same in seconds
  --seed N             what the faults are chosen by; default any
  --workers N          programs that work, 1 to 200; default 12
  --machines N         what they work on, 1 to 1000; default 8
  --collectors N       programs that sweep, 0 to 20; default 2
  --interval S         the sessions' interval in whole seconds, 1 to 60; default 2
  --database-url URL   an empty PostgreSQL or CockroachDB database, which is migrated, and not restarted;
                       default an embedded PostgreSQL of its own, which is
  --json FILE          writes the verdict and the figures into a file, too
  --break NAME         runs a copy that is broken on purpose, which must not end well: ${breakNames.join(', ')}

Exits with 0 if nothing was violated, with 1 if something was, with 130 if it was stopped.
`

export interface Settings {
  readonly seconds: number
  readonly seed: number
  readonly workers: number
  readonly machines: number
  readonly collectors: number
  readonly intervalSeconds: number
  readonly databaseUrl: string | undefined
  readonly jsonFile: string | undefined
  readonly breakName: BreakName | undefined
}

/** The settings, or null where only help is asked for. @throws Error that names the flag and what it may be */
export function readSettings(argv: readonly string[]): Settings | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      workers: { type: 'string', default: '12' },
      machines: { type: 'string', default: '8' },
      collectors: { type: 'string', default: '2' },
      interval: { type: 'string', default: '2' },
      'database-url': { type: 'string' },
      json: { type: 'string' },
      break: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  if (values.minutes !== undefined && values.seconds !== undefined)
    throw new Error('--minutes and --seconds were both given, only one of them may be')
  return {
    seconds: secondsOf(values),
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    workers: wholeNumber('--workers', values.workers, 1, 200),
    machines: wholeNumber('--machines', values.machines, 1, 1_000),
    collectors: wholeNumber('--collectors', values.collectors, 0, 20),
    intervalSeconds: wholeNumber('--interval', values.interval, 1, 60),
    databaseUrl: values['database-url'],
    jsonFile: values.json,
    breakName: breakName(values.break),
  }
}

function secondsOf(values: { minutes?: string; seconds?: string; break?: string }): number {
  if (values.seconds !== undefined) return numberFrom('--seconds', values.seconds, 1, 604_800)
  if (values.minutes !== undefined) return numberFrom('--minutes', values.minutes, 0.1, 10_080) * 60
  return values.break === undefined ? 600 : 22
}

/** The flags for the same settings, without the break. */
export function flagsOf(settings: Settings): string[] {
  const flags: [string, string | number | undefined][] = [
    ['--seconds', settings.seconds],
    ['--seed', settings.seed],
    ['--workers', settings.workers],
    ['--machines', settings.machines],
    ['--collectors', settings.collectors],
    ['--interval', settings.intervalSeconds],
    ['--database-url', settings.databaseUrl],
    ['--json', settings.jsonFile === undefined ? undefined : resolve(settings.jsonFile)],
  ]
  return flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]))
}

function breakName(value: string | undefined): BreakName | undefined {
  const name = breakNames.find((one) => one === value)
  if (value === undefined || name !== undefined) return name
  throw new Error(`--break is "${value}", it must be one of ${breakNames.join(', ')}`)
}

function numberFrom(flag: string, value: string, minimum: number, maximum: number): number {
  const number = Number(value)
  if (/^\d+(\.\d+)?$/.test(value) && number >= minimum && number <= maximum) return number
  throw new Error(`${flag} is "${value}", it must be a number from ${minimum} to ${maximum}`)
}

function wholeNumber(flag: string, value: string, minimum: number, maximum: number): number {
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= minimum && number <= maximum) return number
  throw new Error(`${flag} is "${value}", it must be a whole number from ${minimum} to ${maximum}`)
}
