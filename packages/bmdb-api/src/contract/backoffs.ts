import { Type, type Static } from 'typebox'
import { orNull, paging, ProcessName, Time, Uuid } from './common.ts'

export const Backoff = Type.Object({
  machineId: Uuid,
  process: ProcessName,
  until: Time,
  cause: Type.String({ description: 'Of the last failure' }),
  attempts: Type.Integer({ description: 'Failures since the last success' }),
  parkedAt: orNull(Time),
  parkedBy: orNull(Type.String()),
  parkedReason: orNull(Type.String()),
})
export type Backoff = Static<typeof Backoff>

/** Which backoffs. */
export const backoffFilter = {
  process: Type.Optional(ProcessName),
  machineId: Type.Optional(Uuid),
  parked: Type.Optional(Type.Boolean({ description: 'Only what is parked, or only what is not' })),
}
export const BackoffQuery = Type.Object({
  ...paging,
  ...backoffFilter,
  order: Type.Optional(
    Type.Union([Type.Literal('machine'), Type.Literal('until'), Type.Literal('parked')], {
      description:
        'By machine, by when it ends (soonest first), or by when it was parked (latest first; only what is parked); default machine',
    }),
  ),
})
export type BackoffQuery = Static<typeof BackoffQuery>
