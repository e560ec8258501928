import type { PrismaClientLike } from '@bmdb/core'
import type { Ended } from './end-work.ts'
import type { RunRef } from './events.ts'
import { Run, type RunSetting } from './run.ts'

/** The runs under way. */
export class Runs<Client extends PrismaClientLike> {
  readonly #running = new Set<Run<Client>>()

  get refs(): readonly RunRef[] {
    return [...this.#running].map((run) => run.ref)
  }

  /** Begins a run; calls `onOver` when it is over. */
  begin(setting: RunSetting<Client>, onOver: (ended: Ended) => void): void {
    const { metrics } = setting.context
    const process = setting.process.name
    const tell = (): void => metrics.gauge('bmdb_runner_running', { process }, this.#count(process))
    const run = new Run(setting)
    this.#running.add(run)
    tell()
    void run.over.then((ended) => {
      this.#running.delete(run)
      tell()
      onOver(ended)
    })
  }

  /** The time for what is under way is over. */
  drain(error: unknown): void {
    for (const run of this.#running) run.drain(error)
  }

  /** Resolves when none of those of now is under way. */
  async settled(): Promise<void> {
    await Promise.all([...this.#running].map((run) => run.over))
  }

  #count(process: string): number {
    return [...this.#running].filter((run) => run.ref.process === process).length
  }
}
