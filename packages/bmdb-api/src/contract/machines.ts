import { Type, type Static } from 'typebox'
import { Backoff } from './backoffs.ts'
import { orNull, paging, ProcessName, Time, Uuid } from './common.ts'
import { HeldWork } from './work.ts'

export const Machine = Type.Object({
  id: Uuid,
  createdAt: Time,
  retiredAt: orNull(Time),
  lockOut: orNull(
    Type.Object(
      { by: Type.String(), since: Time, until: orNull(Time), reason: Type.String() },
      {
        description: 'The lock-out in force',
      },
    ),
  ),
  failureDomains: Type.Record(Type.String(), Type.String()),
  held: Type.Array(ProcessName, { description: 'The processes that hold it, holders alive' }),
  facts: Type.Array(Type.String(), { description: 'The facts that are known of it, such as bmc' }),
})
export type Machine = Static<typeof Machine>

export const MachineDetails = Type.Object({
  machine: Machine,
  facts: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()), {
    description: 'The row of each fact about it, without its machine_id',
  }),
  work: Type.Array(HeldWork),
  backoffs: Type.Array(Backoff),
})
export type MachineDetails = Static<typeof MachineDetails>

export const MachineQuery = Type.Object({
  ...paging,
  search: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: "The beginning of a machine's id, or part of a BMC's address",
    }),
  ),
  retired: Type.Optional(Type.Boolean()),
  lockedOut: Type.Optional(Type.Boolean()),
  kind: Type.Optional(
    Type.String({ minLength: 1, maxLength: 128, description: 'With `domain`: a kind of failure domain' }),
  ),
  domain: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  fact: Type.Optional(
    Type.String({ minLength: 1, maxLength: 63, description: 'Only those of which this fact is known' }),
  ),
  withoutFact: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
  process: Type.Optional(ProcessName),
  state: Type.Optional(
    Type.Union([Type.Literal('held'), Type.Literal('backoff'), Type.Literal('parked')], {
      description: 'With `process`: how the machine stands for it',
    }),
  ),
})
export type MachineQuery = Static<typeof MachineQuery>

/** What machines can be filtered by, for the console's choices. */
export const MachineFilters = Type.Object({
  facts: Type.Array(Type.String()),
  processes: Type.Array(ProcessName),
  failureDomains: Type.Array(Type.Object({ kind: Type.String(), domains: Type.Array(Type.String()) }), {
    description: 'The first 1000 of each kind',
  }),
})
export type MachineFilters = Static<typeof MachineFilters>
