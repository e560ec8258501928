import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** Where this package is, so that `tsx` and `@bmdb/embedded` are found. */
export const packageDirectory = fileURLToPath(new URL('../..', import.meta.url))

export interface Program {
  readonly child: ChildProcess
  readonly url: string
  readonly started: boolean
  readonly error?: { code: string; message: string }
  /** Detaches; resolves when the program has ended. */
  close(): Promise<void>
  /** Ends it by a signal; resolves when it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Starts another program that attaches to `directory`, and waits until it has. */
export async function startProgram(
  directory: string,
  { uid, cwd = packageDirectory, detached = false }: { uid?: number; cwd?: string; detached?: boolean } = {},
): Promise<Program> {
  const script = 'test/support/attaching-program.ts'
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@bmdb/source', script, directory], {
    cwd,
    detached,
    ...(uid === undefined ? {} : { uid, gid: uid }),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  onTestFinished(() => void child.kill('SIGKILL'))
  const [answer] = (await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error('the program ended without an answer'))),
  ])) as [Pick<Program, 'url' | 'started' | 'error'>]
  return {
    ...answer,
    child,
    async close() {
      child.send('close')
      await exited
    },
    async kill(signal) {
      child.kill(signal)
      await exited
    },
  }
}
