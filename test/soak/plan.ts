import { Random } from './random.ts'

/** What the tormentor does, and how often among 100. */
const weights = {
  'kill a worker': 9,
  'stop a worker': 10,
  'end sessions': 12,
  'step a clock': 6,
  'pause between claim and finish': 10,
  'close connections': 5,
  'reset connections': 5,
  'break connections for the client alone': 4,
  'black hole': 6,
  'black hole, new connections too': 4,
  'refuse connections': 3,
  'slow network': 3,
  'lose the answer of COMMIT': 9,
  'hold the answer of COMMIT': 3,
  'break at a statement': 4,
  'storm of conflicts': 2,
  'restart the database': 2,
  'kill a collector': 2,
  'stop a collector': 1,
} as const

export type FaultKind = keyof typeof weights
export const faultKinds = Object.keys(weights) as FaultKind[]

/** One fault that is planned. */
export interface PlannedFault {
  readonly kind: FaultKind
  /** How long after the one before. */
  readonly afterMs: number
  /** Chooses the target among those at hand, 0 up to 1. */
  readonly target: number
  /** How long it takes as a part of its kind's range, 0 up to 1. */
  readonly length: number
  /** Chooses between its variants, 0 up to 1. */
  readonly variant: number
}

/** The faults, without end: the same ones for the same seed. First each kind once, then by their weights. */
export function* plan(seed: number): Generator<PlannedFault, never> {
  const random = new Random(seed)
  const deck = faultKinds.flatMap((kind) => Array<FaultKind>(weights[kind]).fill(kind))
  for (let cards = random.shuffled(faultKinds); ; cards = random.shuffled(deck))
    for (const kind of cards)
      yield {
        kind,
        afterMs: random.between(500, 1_300),
        target: random.next(),
        length: random.next(),
        variant: random.next(),
      }
}
