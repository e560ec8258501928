import type { Time } from '../src/time.ts'

/** A clock that jumps to the end of every wait, and chance that is what the test says. */
export class FakeTime implements Time {
  now = 0
  /** What `random` returns. */
  chance = 0.5
  /** Every wait, in milliseconds. */
  readonly waits: number[] = []

  nowMs(): number {
    return this.now
  }

  async sleep(ms: number): Promise<void> {
    this.waits.push(Math.round(ms))
    this.now += ms
  }

  random(): number {
    return this.chance
  }
}
