// What the two programs, the collector, an operator and time itself may do, and random sequences of it.
import fc from 'fast-check'
import type { Machine, Process, Slot } from './model.ts'

/** `open`: its function stands still until it is told to go on, and the others go on meanwhile. */
export type Operation =
  | { readonly do: 'start session'; readonly slot: Slot }
  | { readonly do: 'let session expire'; readonly slot: Slot }
  | { readonly do: 'beat' }
  | {
      readonly do: 'startWork'
      readonly slot: Slot
      readonly process: Process
      readonly machines: readonly Machine[]
      readonly limit: number
      readonly ignoreBackoff: boolean
    }
  | {
      readonly do: 'startWork of what is claimable'
      readonly slot: Slot
      readonly process: Process
      readonly limit: number
      readonly open: boolean
    }
  | { readonly do: 'work'; readonly slot: Slot; readonly process: Process; readonly machine: Machine }
  | { readonly do: 'transact'; readonly slot: Slot; readonly machine: Machine; readonly open: boolean }
  | { readonly do: 'work.transact'; readonly work: number; readonly open: boolean }
  | { readonly do: 'finish'; readonly work: number; readonly how: 'alone' | 'with a write' | 'open' }
  | { readonly do: 'fail'; readonly work: number; readonly exponent: 1 | 2 }
  | { readonly do: 'cancel'; readonly work: number }
  | { readonly do: 'go on'; readonly which: number }
  | { readonly do: 'sweep' }
  | { readonly do: 'close session'; readonly slot: Slot }
  | { readonly do: 'delete session by force'; readonly slot: Slot }
  | { readonly do: 'release work by force'; readonly machine: Machine; readonly process: Process }
  | { readonly do: 'let backoff pass'; readonly machine: Machine; readonly process: Process }

const slot = fc.constantFrom<Slot[]>('A', 'B')
const machine = fc.constantFrom<Machine[]>(0, 1)
// Mostly one process, so that they meet.
const process = fc.constantFrom<Process[]>('P', 'P', 'P', 'Q')
const machines = fc.constantFrom<Machine[][]>([0], [1], [0, 1], [1, 0])
const limit = fc.constantFrom(1, 2)
// More often than not: what is open meets the others.
const open = fc.constantFrom(true, true, false)
const rarely = fc.constantFrom(false, false, false, true)
// The last ones claimed above all: theirs are the sessions that still mean something.
const work = fc.constantFrom(0, 0, 0, 1, 1, 2, 3)

function doing<Name extends Operation['do'], Fields extends object>(
  name: Name,
  fields: { readonly [Field in keyof Fields]: fc.Arbitrary<Fields[Field]> },
): fc.Arbitrary<{ readonly do: Name } & Fields> {
  return fc.record({ do: fc.constant(name), ...fields }) as fc.Arbitrary<{ readonly do: Name } & Fields>
}

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 12, arbitrary: doing('startWork', { slot, process, machines, limit, ignoreBackoff: rarely }) },
  { weight: 6, arbitrary: doing('startWork of what is claimable', { slot, process, limit, open }) },
  { weight: 3, arbitrary: doing('work', { slot, process, machine }) },
  { weight: 8, arbitrary: doing('transact', { slot, machine, open }) },
  { weight: 8, arbitrary: doing('work.transact', { work, open }) },
  { weight: 7, arbitrary: doing('finish', { work, how: fc.constantFrom('alone', 'with a write', 'open', 'open') }) },
  { weight: 3, arbitrary: doing('fail', { work, exponent: fc.constantFrom(1, 2) }) },
  { weight: 2, arbitrary: doing('cancel', { work }) },
  { weight: 7, arbitrary: doing('go on', { which: fc.nat({ max: 2 }) }) },
  { weight: 6, arbitrary: doing('let session expire', { slot }) },
  { weight: 6, arbitrary: doing('start session', { slot }) },
  { weight: 2, arbitrary: doing('beat', {}) },
  { weight: 2, arbitrary: doing('sweep', {}) },
  { weight: 2, arbitrary: doing('close session', { slot }) },
  { weight: 5, arbitrary: doing('delete session by force', { slot }) },
  { weight: 2, arbitrary: doing('release work by force', { machine, process }) },
  { weight: 2, arbitrary: doing('let backoff pass', { machine, process }) },
)

/** Sequences of up to 40 operations. Those that are not possible where they stand are passed over. */
export const sequences: fc.Arbitrary<Operation[]> = fc.noBias(
  fc.array(operation, { minLength: 1, maxLength: 40, size: 'max' }),
)

/** An operation as one reads it: `startWork of what is claimable slot=A process=P`. */
export function shown(operation: Operation): string {
  const { do: name, ...fields } = operation
  return [name, ...Object.entries(fields).map(([field, value]) => `${field}=${JSON.stringify(value)}`)].join(' ')
}
