import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, inject, onTestFinished } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))

/** A program that runs as a child of the tests, its standard output and error no terminals. */
export class Program {
  readonly child: ChildProcess
  out = ''
  err = ''
  readonly #ended: Promise<unknown>

  /** Killed when the test is over. */
  constructor(file: string, flags: readonly string[], env: Record<string, string>, cwd = here) {
    // A program that was built needs no loader.
    const loader = file.endsWith('.js') ? [] : ['--import', import.meta.resolve('tsx'), '--conditions=@bmdb/source']
    this.child = spawn(process.execPath, [...loader, join(here, file), ...flags], {
      env: { PATH: process.env['PATH'], ...env },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.out += text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text))
    this.#ended = once(this.child, 'close')
    onTestFinished(() => void this.child.kill('SIGKILL'))
  }

  /** Waits until the standard output contains it. */
  async said(part: string): Promise<void> {
    await expect.poll(() => `${this.out}${this.err}`, { timeout: 30_000, interval: 20 }).toContain(part)
  }

  /** Sends a signal and waits for the end. */
  async kill(signal: NodeJS.Signals): Promise<{ code: number | null; seconds: number }> {
    const startMs = performance.now()
    this.child.kill(signal)
    return { code: await this.ended(), seconds: (performance.now() - startMs) / 1_000 }
  }

  /** Waits for the end; null if a signal ended it. */
  async ended(): Promise<number | null> {
    await this.#ended
    return this.child.exitCode
  }

  /** The lines of the standard output, which must be JSON. */
  get lines(): Record<string, unknown>[] {
    return this.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

/** Starts the console, on any free port unless the flags say otherwise. */
export function startedConsole(
  databaseUrl: string | undefined,
  flags: readonly string[] = [],
  env = {},
  cwd?: string,
): Program {
  const url = databaseUrl === undefined ? {} : { BMDB_DATABASE_URL: databaseUrl }
  // From what was built where that is fresh: `npm test` builds first.
  const file = inject('built') ? '../dist/main.js' : '../src/main.ts'
  return new Program(file, flags, { ...url, ...env }, cwd)
}
