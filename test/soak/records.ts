import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** How the worker was told that an increment ended. */
export type Outcome = 'committed' | 'unknown' | 'failed'

/** What a worker writes down as it happens. Times are of the host's monotonic clock, nanoseconds. */
export type Note =
  | { readonly is: 'claimed'; readonly machineId: string; readonly token: string; readonly ns: string }
  /** From here on it does not touch the machine: its signal aborted, or it asks for the end. */
  | { readonly is: 'stopped'; readonly machineId: string; readonly token: string; readonly ns: string }
  | { readonly is: 'increment'; readonly id: string; readonly machineId: string; readonly token: string }
  | { readonly is: 'told'; readonly id: string; readonly outcome: Outcome; readonly error?: string }
  | { readonly is: 'ended'; readonly how: 'finished' | 'failed' | 'canceled' }
  | { readonly is: 'retry'; readonly reason: string }
  | { readonly is: 'takeover' }
  | { readonly is: 'lost'; readonly reason: string }
  /** It did not run from then to then: it was stopped, or the machine had no time for it. */
  | { readonly is: 'starved'; readonly fromNs: string; readonly toNs: string }
  | { readonly is: 'error'; readonly code: string }
  /** An error that no fault explains. */
  | { readonly is: 'unexpected'; readonly error: string }

/** Writes records so that a `kill -9` loses none: each is the kernel's before the next step is taken. */
export class Recorder {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  write(record: Note): void {
    writeSync(this.#file, `${JSON.stringify(record)}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** The records of all workers, by worker. A last line that was cut off is none. */
export function readRecords(directory: string): Map<string, Note[]> {
  return new Map(
    readdirSync(directory).map((file) => [
      file.replace(/\.jsonl$/, ''),
      readFileSync(join(directory, file), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Note),
    ]),
  )
}
