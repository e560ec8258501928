/** The name of the kind of work. */
export const processName = 'Soak'

/** What a worker is told at its start, as JSON in its first argument. */
export interface WorkerOrders {
  /** Its name, its component's, and the holder's in the records. */
  readonly name: string
  /** By way of a proxy. */
  readonly databaseUrl: string
  readonly registerUrl: string
  readonly intervalSeconds: number
  readonly machineIds: readonly string[]
  /** Where it writes its records. */
  readonly recordFile: string
  readonly seed: number
}

/** What a worker is told later. */
export type WorkerMessage =
  /** Its wall clock jumps. */
  | { readonly do: 'step the clock'; readonly ms: number }
  /**
   * The next work pauses between claim and finish, and looks at no signal meanwhile; `blocking`: the whole program
   * stands still, its beats included.
   */
  | { readonly do: 'pause'; readonly ms: number; readonly blocking: boolean }
  /** It ends what it holds, closes its session and exits. */
  | { readonly do: 'end' }

/** What a worker tells when it is connected. */
export interface WorkerReady {
  readonly ready: true
}
