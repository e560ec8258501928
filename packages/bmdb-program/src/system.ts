import type { LogStream } from './log.ts'

/** A signal that asks a program to stop. */
export type StopSignal = 'SIGINT' | 'SIGTERM'

/** What a program uses of its operating system's process; its `main.ts` passes Node's `process`. */
export interface System {
  readonly stdout: LogStream
  readonly stderr: LogStream
  cwd(): string
  on(signal: StopSignal, listener: () => void): unknown
  off(signal: StopSignal, listener: () => void): unknown
  /** Ends the program at once. */
  exit(code: number): void
}
