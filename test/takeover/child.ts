import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

const startMs = 60_000

/** A program of this folder, told what to do by a message, that tells something back when it has come so far. */
export class Child {
  readonly #child: ChildProcess
  /** Resolves when it has ended, with how. */
  readonly ended: Promise<string>
  #over = false

  private constructor(file: string) {
    this.#child = spawn(
      process.execPath,
      ['--import', 'tsx', '--conditions=@bmdb/source', join(import.meta.dirname, file)],
      {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    )
    this.ended = new Promise((resolve) => {
      const over = (how: string): void => {
        this.#over = true
        resolve(how)
      }
      this.#child.once('error', (error) => over(error.message))
      this.#child.once('exit', (code, signal) => over(code === null ? `signal ${signal}` : `code ${code}`))
    })
  }

  /** Starts it, and resolves with what it tells first. Killed when the signal aborts. */
  static async start<Told>(file: string, orders: object, signal: AbortSignal): Promise<{ child: Child; told: Told }> {
    signal.throwIfAborted()
    const child = new Child(file)
    const limit = new AbortController()
    const late = setTimeout(() => limit.abort(new Error(`${file} was not ready within ${startMs / 1_000} s`)), startMs)
    const onAbort = (): void => {
      limit.abort(signal.reason)
      void child.kill()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    void child.ended.then(() => signal.removeEventListener('abort', onAbort))
    try {
      const told = await new Promise<Told>((resolve, reject) => {
        child.#child.once('message', (message) => resolve(message as Told))
        void child.ended.then((how) => reject(new Error(`${file} ended with ${how}, before it was ready`)))
        limit.signal.addEventListener('abort', () => reject(limit.signal.reason as Error), { once: true })
        child.#child.send(orders, () => {})
      })
      return { child, told }
    } catch (error) {
      await child.kill()
      throw error
    } finally {
      clearTimeout(late)
    }
  }

  /** Ends it as `kill -9` does; resolves when it is gone. Twice is harmless. */
  async kill(): Promise<void> {
    if (!this.#over) this.#child.kill('SIGKILL')
    await this.ended
  }
}
