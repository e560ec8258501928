import { setTimeout as sleep } from 'node:timers/promises'
import { faults } from './faults.ts'
import { linked } from './linked.ts'
import { plan, type FaultKind } from './plan.ts'
import type { World } from './world.ts'

/** Does what is planned, one fault after the other, whether the last one is over or not. */
export class Tormentor {
  readonly #world: World
  readonly #seed: number
  /** What has happened so far, by kind. */
  readonly done = new Map<FaultKind, number>()
  #quiet = false

  constructor(world: World, seed: number) {
    this.#world = world
    this.#seed = seed
  }

  get total(): number {
    return [...this.done.values()].reduce((sum, times) => sum + times, 0)
  }

  /** Torments until the signal aborts; resolves when everything is undone. @throws what went wrong in doing so */
  async torment(signal: AbortSignal): Promise<void> {
    const failed = new AbortController()
    const over = linked(signal, failed.signal).signal
    const underWay = new Set<Promise<void>>()
    for (const planned of plan(this.#seed)) {
      await sleep(planned.afterMs, undefined, { signal: over }).catch(() => {})
      if (over.aborted) break
      const happened = (): void => {
        if (!this.#quiet) this.done.set(planned.kind, (this.done.get(planned.kind) ?? 0) + 1)
      }
      const one = Promise.resolve(faults[planned.kind]({ world: this.#world, planned, signal: over, happened }))
        .catch((error: unknown) => failed.abort(error))
        .finally(() => void underWay.delete(one))
      underWay.add(one)
    }
    this.#quiet = true
    await Promise.all(underWay)
    for (const { proxy } of this.#world.lines) {
      proxy.disarm()
      proxy.delay(0)
      proxy.heal()
    }
    failed.signal.throwIfAborted()
  }
}
