import { spawn, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inject, onTestFinished } from 'vitest'
import { root } from '../setup.ts'
import { eventually } from './eventually.ts'
import { descendantsOf } from './processes.ts'

/** Every program of the workspace, by the file that it starts from. */
export const programs = {
  gc: 'apps/gc/src/main.ts',
  console: 'apps/console/src/main.ts',
  'example-worker': 'apps/example-worker/src/main.ts',
  'db:serve': 'tools/db/src/serve/main.ts',
  'db:migrate': 'tools/db/src/migrate/main.ts',
  'db:studio': 'tools/db/src/studio/main.ts',
  'npm start': 'tools/dev-stack/src/main.ts',
  'bmc-simulator': 'tools/bmc-simulator/src/main.ts',
} as const

export type ProgramName = keyof typeof programs

/** How a program ended: with a code, or by a signal. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A line of a program's log. */
export interface LogLine {
  readonly level: string
  readonly message: string
  readonly [field: string]: unknown
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Runs it on a terminal of its own. */
  readonly terminal?: boolean
}

// Found from here, since a program may run in another folder.
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** How to run a program: from what was built where that is fresh (`npm test` builds first), else from its sources. */
export function commandOf(name: ProgramName, args: readonly string[] = []): string[] {
  if (inject('built'))
    return [process.execPath, join(root, programs[name].replace('/src/', '/dist/').replace(/ts$/, 'js')), ...args]
  return [process.execPath, '--import', tsx, '--conditions=@bmdb/source', join(root, programs[name]), ...args]
}

/** Starts a program, without what the environment says of BMDB; killed when the test is over. */
export function startProgram(name: ProgramName, args: readonly string[] = [], options: StartOptions = {}): Program {
  const program = new Program(name, args, options)
  onTestFinished(() => program.kill())
  return program
}

/** A program of the workspace that runs as a process of its own. */
export class Program {
  readonly #child: ChildProcess
  /** Resolves when it has ended and all its output is here. */
  readonly ended: Promise<End>
  stdout = ''
  stderr = ''
  #end: End | undefined

  constructor(name: ProgramName, args: readonly string[] = [], { env = {}, cwd = root, terminal }: StartOptions = {}) {
    const inherited = Object.entries(process.env).filter(([key]) => !/^(BMDB_|NODE_ENV$|VITEST|NO_COLOR)/.test(key))
    const [command = '', ...rest] = terminal === true ? onTerminal(commandOf(name, args)) : commandOf(name, args)
    this.#child = spawn(command, rest, {
      cwd,
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: [terminal === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => resolve((this.#end = { code, signal })))
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  get running(): boolean {
    return this.#end === undefined
  }

  /** What it logged so far. */
  get log(): LogLine[] {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine)
  }

  /** Waits until it logged the message, the given number of times; returns that line. */
  async logged(message: string, times = 1, limitMs?: number): Promise<LogLine> {
    return this.#eventually(`logged "${message}"`, () => this.messages(message)[times - 1], limitMs)
  }

  /** Waits until its standard output, logs or not, matches. */
  async printed(pattern: RegExp, limitMs?: number): Promise<RegExpExecArray> {
    return this.#eventually(`printed ${pattern}`, () => pattern.exec(this.stdout) ?? undefined, limitMs)
  }

  messages(message: string): LogLine[] {
    return this.log.filter((line) => line.message === message)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Types on its terminal. */
  type(text: string): void {
    this.#child.stdin?.write(text)
  }

  /** Waits for its end, and tells how long that took from now. */
  async endsWithin(limitMs: number): Promise<End & { readonly ms: number }> {
    const startMs = performance.now()
    const end = await eventually('the program ends', () => this.#end, limitMs).catch((error: unknown) => {
      throw new Error(this.#told(String(error)))
    })
    return { ...end, ms: Math.round(performance.now() - startMs) }
  }

  /** Ends it at once, whatever state it is in, and what it has started. */
  async kill(): Promise<void> {
    if (this.running)
      for (const pid of [this.pid, ...descendantsOf(this.pid)])
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // It has ended meanwhile.
        }
    await this.ended
  }

  async #eventually<T>(what: string, look: () => T | undefined, limitMs?: number): Promise<T> {
    return eventually(
      what,
      () => {
        const found = look()
        if (found === undefined && this.#end !== undefined) throw new Error(this.#told(`it ended before it ${what}`))
        return found
      },
      limitMs,
    ).catch((error: unknown) => {
      throw new Error(this.#told((error as Error).message))
    })
  }

  #told(what: string): string {
    return `${what}\n--- ${JSON.stringify(this.#end)} standard output:\n${this.stdout}\n--- standard error:\n${this.stderr}`
  }
}

function onTerminal(command: readonly string[]): string[] {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  return ['script', '-qec', `stty cols 160 rows 60; exec ${quoted}`, '/dev/null']
}
