import { eventually, pause } from '../helpers.ts'

/** What a mover moves. `Stop` is the name of a place at which it can stand. */
export interface Moving<Stop extends string> {
  /** In the order in which it comes to them. It may leave some out. */
  readonly stops: readonly Stop[]
  /** Begins; settles when all is over. */
  readonly start: () => Promise<unknown>
  /** Lets it go on from where it stands; and through there, if it comes again. */
  readonly open: (stop: Stop) => Promise<void> | void
  /** The stops at which it stands, and whether it waits for a lock. */
  readonly look: () => Promise<{ readonly standing: readonly Stop[]; readonly waiting: boolean }>
}

/**
 * Moves one party of two from stop to stop, and knows when the other one holds it up.
 *
 *     resting ──step──▶ moving ──▶ standing ──step──▶ moving ──▶ over
 *                       │   ▲
 *                       ▼   │ (the other one moved on)
 *                      waiting
 */
export class Mover<Stop extends string> {
  state: 'resting' | 'moving' | 'standing' | 'waiting' | 'over' = 'resting'
  /** True once the other one has held it up. */
  waited = false
  /** What came of it; undefined while it is not over. */
  outcome: { readonly value: unknown } | { readonly error: unknown } | undefined
  #position = -1
  readonly #moving: Moving<Stop>

  constructor(moving: Moving<Stop>) {
    this.#moving = moving
  }

  /** Whether it has come as far as that stop, or further. */
  past(stop: Stop): boolean {
    return this.state === 'over' || this.#position >= this.#moving.stops.indexOf(stop)
  }

  /** Begins, or goes on from where it stands; {@link quiet} tells how far that leads. */
  async step(): Promise<void> {
    if (this.state === 'standing') await this.#moving.open(this.#moving.stops[this.#position]!)
    else
      this.#moving.start().then(
        (value) => (this.outcome = { value }),
        (error: unknown) => (this.outcome = { error }),
      )
    this.state = 'moving'
  }

  /** Resolves when it does not move: at a stop, waiting for a lock, over, or not begun. */
  async quiet(): Promise<void> {
    if (this.state === 'resting' || this.state === 'over') return
    await eventually('it comes to a stop', () => this.#look())
  }

  /** Whether it waits no more. */
  async movesOn(): Promise<boolean> {
    await this.quiet()
    return this.state !== 'waiting'
  }

  async #look(): Promise<boolean> {
    const { standing, waiting } = await this.#moving.look()
    const next = this.#moving.stops.findIndex((stop, index) => index > this.#position && standing.includes(stop))
    if (this.outcome !== undefined) this.state = 'over'
    else if (next >= 0) {
      this.#position = next
      this.state = 'standing'
    } else if (waiting) {
      this.state = 'waiting'
      this.waited = true
    } else if (this.state === 'waiting') this.state = 'moving'
    return this.state !== 'moving'
  }
}

/**
 * Moves two parties until both are over, one at a time; whose turn it is, is `choose`'s to say. One that waits for a
 * lock has no turn.
 * @param patient - whether the second one gets through in the end when the first one holds it up and does not move:
 *   then this is a third choice
 */
export async function moveBoth<A extends string, B extends string>(
  first: Mover<A>,
  second: Mover<B>,
  patient: boolean,
  choose: (options: readonly Turn[]) => Turn,
): Promise<void> {
  let movedMeanwhile = false
  for (;;) {
    await first.quiet()
    await second.quiet()
    if (first.state === 'over' && second.state === 'over') return
    const options: Turn[] = []
    if (first.state === 'resting' || first.state === 'standing') options.push('first')
    if (second.state === 'resting' || second.state === 'standing') options.push('second')
    // Had the first one moved meanwhile, it would be as if the second one had begun only now.
    if (patient && second.state === 'waiting' && first.state === 'standing' && !movedMeanwhile)
      options.push('the second waits')
    // One is over, and the other has not noticed yet that it need not wait any more.
    if (options.length === 0) {
      await pause(2)
      continue
    }
    const turn = choose(options)
    if (turn === 'first') {
      movedMeanwhile = second.state !== 'resting'
      await first.step()
    } else if (turn === 'second') await second.step()
    else await eventually('the second one gets through', () => second.movesOn())
  }
}

export type Turn = 'first' | 'second' | 'the second waits'
