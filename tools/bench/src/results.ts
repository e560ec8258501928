import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Row } from './benchmark.ts'
import { workspace } from './workspace.ts'

/** Where and with what it was measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly postgresql: string
  readonly versions: Readonly<Record<string, string>>
}

/** One benchmark's last run. */
export interface Result {
  /** A day. */
  readonly date: string
  readonly rounds: number
  readonly quick: boolean
  readonly rows: readonly Row[]
}

export interface Results {
  readonly machine: Machine
  readonly benchmarks: Readonly<Record<string, Result>>
}

/** The figures that are published. */
export const resultsFile = join(workspace, 'docs/bench-results.json')

export function readResults(file: string): Results | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : undefined
}

/** Keeps the result of one benchmark, beside those of others that were measured on the same machine. */
export function keepResult(file: string, machine: Machine, name: string, result: Result): void {
  const kept = readResults(file)
  const same = JSON.stringify(kept?.machine) === JSON.stringify(machine)
  const benchmarks = { ...(same ? kept?.benchmarks : {}), [name]: result }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ machine, benchmarks }, null, 2)}\n`)
}
