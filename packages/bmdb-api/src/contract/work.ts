import { Type, type Static } from 'typebox'
import { orNull, paging, ProcessName, Time, Uuid } from './common.ts'

/** A token: a 64-bit number, as text. */
export const Token = Type.String({ pattern: '^[0-9]{1,19}$', description: 'A 64-bit number as text' })

export const HeldWork = Type.Object({
  machineId: Uuid,
  process: ProcessName,
  token: Token,
  startedAt: Time,
  sessionId: Uuid,
  component: Type.String(),
  runtimeInfo: Type.String({ description: 'Host, pid and version of the holder' }),
  deadline: Time,
  alive: Type.Boolean({ description: "False once its session's deadline passed: anybody may take it over" }),
  progress: orNull(
    Type.Object({
      message: Type.String(),
      percent: orNull(Type.Integer()),
      at: Time,
      deadline: orNull(Time),
    }),
  ),
  stuck: Type.Boolean({ description: 'Alive, and past the deadline of its last report' }),
  releaseBy: orNull(Type.String({ description: 'The operator who asked for it' })),
})
export type HeldWork = Static<typeof HeldWork>

/** Which work. */
export const workFilter = {
  process: Type.Optional(ProcessName),
  machineId: Type.Optional(Uuid),
  sessionId: Type.Optional(Uuid),
  stuck: Type.Optional(
    Type.Boolean({ description: 'Only what is alive, and past the deadline of its progress; or only what is not' }),
  ),
}
export const WorkQuery = Type.Object({
  ...paging,
  ...workFilter,
  order: Type.Optional(
    Type.Union([Type.Literal('machine'), Type.Literal('oldest'), Type.Literal('newest')], {
      description: 'By machine, or by when it was claimed; default oldest',
    }),
  ),
})
export type WorkQuery = Static<typeof WorkQuery>
