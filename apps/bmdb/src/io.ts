import type { Environment } from '@bmdb/program'

/** Where text goes: a terminal, a pipe or a file. */
export interface TextStream {
  readonly isTTY?: boolean | undefined
  /** Characters in a line of the terminal. */
  readonly columns?: number | undefined
  write(text: string, done?: (error?: Error | null) => void): unknown
}

/** All that the command uses of the world besides the database; `main.ts` makes it of Node's `process`. */
export interface Io {
  readonly stdout: TextStream
  readonly stderr: TextStream
  readonly env: Environment
  /** Who runs the command, if the system knows. */
  readonly userName: string | undefined
  cwd(): string
  on(signal: NodeJS.Signals, listener: () => void): unknown
  off(signal: NodeJS.Signals, listener: () => void): unknown
  /** Ends the program at once. */
  exit(code: number): void
  /** Sends a signal to a process, or with a negative id to a group; 0 only asks whether it is there. */
  kill(pid: number, signal: NodeJS.Signals | 0): void
}
