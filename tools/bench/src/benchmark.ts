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
  readonly chart?: Chart | undefined
  /** What else is worth knowing. */
  readonly note?: string | undefined
}

/** Figures by name, and what they count. */
export interface Chart {
  readonly unit: 'ms' | '/s' | '%'
  readonly figures: Readonly<Record<string, number>>
}

/** What a benchmark runs with. */
export interface Context {
  /** How many rounds, each with every candidate in turn; the first one more is a warm-up and is not counted. */
  readonly rounds: number
  /** Small and short: shows that it runs, and nothing else. */
  readonly quick: boolean
  /** The server that all candidates share, for programs that make a database themselves. */
  readonly serverUrl: string
  /** A new database on that server. It is dropped after the benchmark. */
  database(): Promise<string>
  /** The same, with BMDB's migrations. */
  migrated(): Promise<string>
  tell(line: string): void
  readonly signal: AbortSignal
}

export interface Benchmark {
  readonly name: string
  readonly about: string
  /** For the page of figures: what exactly was done, what favours whom, and what it does not say. */
  readonly reading: string
  run(context: Context): Promise<Row[]>
}

export function passes({ value, target }: Row): boolean {
  return 'least' in target ? value >= target.least : value <= target.most
}
