import { spawn, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { execPath } from 'node:process'
import { createInterface } from 'node:readline'

/** A program of the stack, run as its own process. */
export interface ChildProgram {
  readonly name: string
  readonly pid: number
  /** `running`, or how it ended. */
  readonly state: () => string
  /** Asks it to stop, and kills it if it has not ended within `limitMs`. Twice is harmless. */
  stop(limitMs: number): Promise<void>
}

/** What {@link startProgram} takes. */
export interface ProgramOptions {
  readonly name: string
  /** The workspace's package whose `dist/main.js` is run. */
  readonly packageName: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Takes what it logs, a line at a time, already in words. */
  readonly onLine: (line: string) => void
}

/** Starts a program of the workspace, from what was built. */
export function startProgram(options: ProgramOptions): ChildProgram {
  const manifest = createRequire(import.meta.url).resolve(`${options.packageName}/package.json`)
  const main = join(dirname(manifest), 'dist/main.js')
  const child = spawn(execPath, ['--enable-source-maps', main, ...options.args], {
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C is for the stack, which then stops its programs once, and not twice.
    detached: true,
  })
  let state = 'running'
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      state = `did not start: ${error.message}`
      resolve()
    })
    child.once('exit', (code, signal) => {
      state = signal === null ? `ended with ${code}` : `ended by ${signal}`
      options.onLine(state)
      resolve()
    })
  })
  follow(child, options.onLine)
  return {
    name: options.name,
    pid: child.pid ?? 0,
    state: () => state,
    async stop(limitMs) {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      // One that was stopped by SIGSTOP hears nothing but these two.
      child.kill('SIGCONT')
      const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
      await ended
      clearTimeout(timer)
    },
  }
}

function follow(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => onLine(inWords(line)))
}

/** A JSON line of a program's log, as people read it. */
function inWords(line: string): string {
  if (!line.startsWith('{')) return line
  try {
    const { time: _time, level, program: _program, message, ...fields } = JSON.parse(line) as Record<string, unknown>
    const rest = Object.entries(fields).map(
      ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
    return [...(level === 'info' ? [] : [`${String(level)}:`]), String(message), ...rest].join(' ')
  } catch {
    return line
  }
}
