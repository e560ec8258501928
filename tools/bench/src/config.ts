import { parseArgs } from 'node:util'

export interface Settings {
  readonly names: readonly string[]
  readonly rounds: number
  readonly quick: boolean
  readonly list: boolean
  readonly report: boolean
}

export const help = `Measures BMDB beside its peers, in one run, in turn, on one embedded PostgreSQL with fsync on; the figures are medians.

usage: npm run bench [-- NAME...] [--rounds N] [--quick] [--list] [--report]

  NAME...       only these benchmarks; default all, which takes some 15 minutes on a machine with nothing else to do
  --rounds N    rounds that count, 1 to 100; default 5
  --quick       small and short: shows that it runs; its figures mean nothing, and are not kept
  --list        says which benchmarks there are
  --report      writes docs/performance.md and its charts anew, of the figures that are kept

What was measured is kept in docs/performance.json. Exits with 0 if every row is a pass, with 1 if one is short.
`

/** The settings, or null where only help is asked for. @throws Error that names what is wrong */
export function readSettings(argv: readonly string[]): Settings | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const rounds = values.rounds ?? (values.quick ? '1' : '5')
  if (!/^[1-9]\d?$|^100$/.test(rounds))
    throw new Error(`--rounds is "${rounds}", it must be a whole number from 1 to 100`)
  return { names: positionals, rounds: Number(rounds), quick: values.quick, list: values.list, report: values.report }
}
