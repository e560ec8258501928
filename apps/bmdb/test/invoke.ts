import type { Io, TextStream } from '../src/io.ts'
import { run } from '../src/run.ts'

/** What a run of the command left. */
export interface Invoked {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** For {@link invoke}. */
export interface InvokeOptions {
  readonly url?: string
  readonly env?: Record<string, string>
  readonly userName?: string | undefined
  /** The standard output is a terminal. Default: a pipe. */
  readonly terminal?: boolean
}

/** Runs the command in this program, through the same entry as `main.ts`. */
export async function invoke(argv: readonly string[], options: InvokeOptions = {}): Promise<Invoked> {
  const streams = { out: '', err: '' }
  const stream = (name: 'out' | 'err', isTTY: boolean): TextStream => ({
    isTTY,
    columns: 120,
    write(text, done) {
      streams[name] += text
      done?.()
    },
  })
  const io: Io = {
    stdout: stream('out', options.terminal === true),
    stderr: stream('err', false),
    env: { ...(options.url === undefined ? {} : { BMDB_DATABASE_URL: options.url }), ...options.env },
    userName: 'userName' in options ? options.userName : 'ann',
    cwd: () => import.meta.dirname,
    on: () => {},
    off: () => {},
    exit: () => {},
    kill: () => {},
  }
  const code = await run(argv, io)
  return { code, ...streams }
}

/** The same with `--json`: the result is parsed. */
export async function invokeJson<Result>(
  argv: readonly string[],
  options: InvokeOptions = {},
): Promise<Invoked & { readonly result: Result }> {
  const invoked = await invoke([...argv, '--json'], options)
  if (invoked.out === '') throw new Error(`no result: exit code ${invoked.code}, ${invoked.err}`)
  return { ...invoked, result: JSON.parse(invoked.out) as Result }
}
