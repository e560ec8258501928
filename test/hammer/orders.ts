/** What a hammering program is told. */
export interface Orders {
  readonly databaseUrl: string
  readonly holder: string
  readonly machines: readonly string[]
  readonly processes: readonly string[]
  readonly seconds: number
  /** How many claims it makes at the same time. */
  readonly loops: number
}

/** What it tells when it is done. */
export interface Told {
  /** Machine, process, token, way, from and to in nanoseconds. */
  readonly holds: [string, string, string, string, string, string][]
  /** Claims that ran into their time limit. */
  readonly timeouts: number
}
