import type { Io } from './io.ts'
import type { Output } from './output/output.ts'

/** What every command runs with. */
export interface Context {
  readonly io: Io
  readonly output: Output
  readonly databaseUrl: string | undefined
  readonly production: boolean
  /** How long opening the database may take, and each thing that is done there. */
  readonly timeoutMs: number
}
