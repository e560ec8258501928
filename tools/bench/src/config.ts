import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { resultsFile } from './results.ts'

export interface Settings {
  readonly names: readonly string[]
  readonly rounds: number
  readonly quick: boolean
  readonly list: boolean
  readonly report: boolean
  /** Where figures are kept; undefined: nowhere. */
  readonly file: string | undefined
}

export const help = `Measures BMDB beside its peers, in one run, in turn, on one embedded PostgreSQL with fsync on; the figures are medians.

usage: npm run bench [-- NAME...] [--rounds N] [--quick] [--json FILE] [--list] [--report]

  NAME...       only these benchmarks; default all, which takes some 15 minutes on a machine with nothing else to do
  --rounds N    rounds that count, 1 to 100; default 5
  --quick       small and short: shows that it runs; its figures mean nothing, and are not kept without --json
  --json FILE   where figures are kept; default docs/bench-results.json. What was measured on another machine, or with
                other versions, is dropped from it
  --list        says which benchmarks there are
  --report      measures nothing: writes docs/performance.md and its charts of the figures that are kept

Exits with 0 if every row is a pass, with 1 if one is short or a benchmark failed.
`

/** The settings, or null where only help is asked for. @throws Error that names what is wrong */
export function readSettings(argv: readonly string[]): Settings | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      list: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const { quick, list, report, json } = values
  const rounds = values.rounds ?? (quick ? '1' : '5')
  if (!/^[1-9]\d?$|^100$/.test(rounds))
    throw new Error(`--rounds is "${rounds}", it must be a whole number from 1 to 100`)
  if (json === '') throw new Error('--json needs the name of a file')
  const file = json !== undefined ? resolve(json) : quick && !report ? undefined : resultsFile
  return { names: positionals, rounds: Number(rounds), quick, list, report, file }
}
