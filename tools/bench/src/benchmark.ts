/** One line of the table: what was measured, beside what, and whether it reaches what it should. */
export interface Row {
  readonly what: string
  /** Beside what it was measured, in the same run. */
  readonly against: string
  /** BMDB's figure and the other one, as they are shown. */
  readonly figure: string
  readonly other: string
  /** What is judged: a ratio of two figures of the same run, or a count. */
  readonly value: number
  /** What it must reach: at least, or at most. */
  readonly target: { readonly least: number } | { readonly most: number }
  /** Figures for a chart, by name. */
  readonly chart?: Readonly<Record<string, number>> | undefined
  /** What else is worth knowing. */
  readonly note?: string | undefined
}

/** What a benchmark runs with. */
export interface Context {
  /** How many rounds, each with every candidate in turn; the first one more is a warm-up and is not counted. */
  readonly rounds: number
  /** Small and short: shows that it runs, and nothing else. */
  readonly quick: boolean
  /** A new database on the server that all candidates share. */
  database(): Promise<string>
  /** The same, with BMDB's migrations. */
  migrated(): Promise<string>
  tell(line: string): void
  readonly signal: AbortSignal
}

export interface Benchmark {
  readonly name: string
  readonly about: string
  run(context: Context): Promise<Row[]>
}

export function passes({ value, target }: Row): boolean {
  return 'least' in target ? value >= target.least : value <= target.most
}
