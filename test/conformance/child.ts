import { spawn, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inject, onTestFinished } from 'vitest'
import { childEnvironment } from './config.ts'
import { eventually } from './waiting.ts'

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** A line that a child program told. */
export type Told = Readonly<Record<string, unknown>>

/** A program of this folder that runs by itself, so that it can be frozen and killed. It tells JSON, a line each. */
export class Child {
  readonly #child: ChildProcess
  #out = ''
  #err = ''
  #code: number | null | undefined

  /** Killed when the test is over. */
  constructor(file: string, ...args: string[]) {
    // BMDB as it was built where that is fresh: `npm test` builds first.
    const conditions = inject('built') ? [] : ['--conditions=@bmdb/source']
    const command = ['--import', tsx, ...conditions, join(import.meta.dirname, file), ...args]
    this.#child = spawn(process.execPath, command, { env: childEnvironment, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#out += text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#err += text))
    this.#child.once('close', (code) => (this.#code = code))
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  /** Waits for a line that has the field. */
  async told(field: string): Promise<Told> {
    return eventually(`the program tells "${field}"`, () => {
      const lines = this.#out.split('\n').slice(0, -1)
      const found = lines.map((line) => JSON.parse(line) as Told).find((line) => field in line)
      if (found === undefined && this.#code !== undefined) throw new Error(`it ended without "${field}": ${this.#err}`)
      return found
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits for its end; the code is null where a signal ended it. */
  async ended(): Promise<{ code: number | null; err: string; ms: number }> {
    const startMs = performance.now()
    await eventually('the program ends', () => this.#code !== undefined)
    return { code: this.#code ?? null, err: this.#err, ms: performance.now() - startMs }
  }
}
