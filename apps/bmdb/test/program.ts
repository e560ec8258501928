import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, inject, onTestFinished } from 'vitest'

/** The command as a child of the tests. */
export class Program {
  readonly child: ChildProcess
  out = ''
  err = ''
  readonly #ended: Promise<unknown>

  constructor(argv: readonly string[], env: Record<string, string>) {
    // From what was built where that is fresh: `npm test` builds first.
    const entry = inject('built')
      ? [join(import.meta.dirname, '../dist/main.js')]
      : [
          '--import',
          import.meta.resolve('tsx'),
          '--conditions=@bmdb/source',
          join(import.meta.dirname, '../src/main.ts'),
        ]
    this.child = spawn(process.execPath, [...entry, ...argv], {
      env: { PATH: process.env['PATH'], ...env },
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.out += text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text))
    this.#ended = once(this.child, 'exit')
    onTestFinished(() => void this.child.kill('SIGKILL'))
  }

  /** Waits until it wrote that. */
  async said(part: string | RegExp): Promise<void> {
    await expect.poll(() => `${this.out}${this.err}`, { timeout: 30_000, interval: 20 }).toMatch(part)
  }

  /** Waits for the end; null if a signal ended it. */
  async ended(): Promise<number | null> {
    await this.#ended
    return this.child.exitCode
  }
}

/** Whether a process is there and runs: one that only waits to be collected does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises')
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(await readFile(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
