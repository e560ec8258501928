import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const withParent = pathToFileURL(join(import.meta.dirname, 'with-parent.mjs')).href
/** What is kept of a program's output, for when it ends by itself. */
const keptLength = 4_000

/** How to run a program of the soak. */
export interface Command {
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  readonly environment?: Readonly<{ [name: string]: string }>
  /** The program is ready when it has printed this; without one, when it sends a message. */
  readonly readyWhen?: RegExp
}

/** A program that runs as a process of its own, and ends with this one, however this one ends. */
export class Program {
  readonly name: string
  readonly #child: ChildProcess
  /** Resolves when it can be worked with; never, if it ends before that. */
  readonly ready: Promise<void>
  /** Resolves when it is gone, with how. */
  readonly ended: Promise<string>
  isReady = false
  /** Since when it is stopped, if it is. */
  stoppedNs: bigint | undefined
  /** It is to end: what happens to it from now on is nobody's fault. */
  meantToEnd = false
  over = false
  #output = ''

  constructor({ name, file, args, environment = {}, readyWhen }: Command) {
    this.name = name
    const inherited = Object.entries(process.env).filter(([key]) => !/^(BMDB_|NODE_ENV$|VITEST)/.test(key))
    this.#child = spawn(process.execPath, [...process.execArgv, '--import', withParent, file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...Object.fromEntries(inherited), ...environment },
    })
    this.ready = new Promise((resolve) => {
      const ready = (): void => {
        this.isReady = true
        resolve()
      }
      if (readyWhen === undefined) this.#child.once('message', ready)
      for (const stream of [this.#child.stdout!, this.#child.stderr!])
        stream.setEncoding('utf8').on('data', (text: string) => {
          this.#output = (this.#output + text).slice(-keptLength)
          if (!this.isReady && readyWhen?.test(this.#output) === true) ready()
        })
    })
    this.ended = new Promise((resolve) => {
      const over = (how: string): void => {
        this.over = true
        resolve(how)
      }
      this.#child.once('error', (error) => over(error.message))
      this.#child.once('exit', (code, signal) => over(code === null ? `signal ${signal}` : `code ${code}`))
    })
  }

  /** The last that it printed. */
  get output(): string {
    return this.#output
  }

  send(message: object): void {
    if (!this.over && this.#child.connected) this.#child.send(message, () => {})
  }

  /** Ends it as `kill -9` does. */
  kill(): void {
    this.meantToEnd = true
    if (!this.over) this.#child.kill('SIGKILL')
  }

  terminate(): void {
    this.meantToEnd = true
    this.#child.kill('SIGTERM')
  }

  /** Stops it, for `forMs` unless it is continued before: even if this program is gone by then. */
  stop(forMs: number): void {
    const { pid } = this.#child
    if (this.over || pid === undefined) return
    spawn('sh', ['-c', `sleep ${Math.ceil(forMs / 1_000) + 1}; kill -CONT ${pid} 2>/dev/null`], {
      stdio: 'ignore',
      detached: true,
    })
      .once('error', () => {})
      .unref()
    this.stoppedNs = process.hrtime.bigint()
    this.#child.kill('SIGSTOP')
  }

  continue(): void {
    this.stoppedNs = undefined
    this.#child.kill('SIGCONT')
  }
}
