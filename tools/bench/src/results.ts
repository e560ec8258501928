import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from './benchmark.ts'
import { workspace } from './workspace.ts'

/** Where and with what it was measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly node: string
  readonly postgresql: string
  readonly versions: Readonly<Record<string, string>>
  /** A day. */
  readonly date: string
}

/** What is kept of each benchmark's last run. */
export interface Results {
  readonly machine: Machine
  readonly benchmarks: Readonly<Record<string, readonly Row[]>>
}

const file = join(workspace, 'docs/performance.json')

export function readResults(): Results | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : undefined
}

/** Keeps these rows, and what is kept of other benchmarks. */
export function keepResults(machine: Machine, benchmarks: Results['benchmarks']): void {
  const kept = readResults()?.benchmarks ?? {}
  writeFileSync(file, `${JSON.stringify({ machine, benchmarks: { ...kept, ...benchmarks } }, null, 2)}\n`)
}
