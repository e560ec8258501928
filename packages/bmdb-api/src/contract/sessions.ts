import { Type, type Static } from 'typebox'
import { orNull, paging, Time, Uuid } from './common.ts'
import { HeldWork } from './work.ts'

const session = {
  id: Uuid,
  component: Type.String(),
  runtimeInfo: Type.String(),
  createdAt: Time,
  intervalSeconds: Type.Integer(),
}

export const Session = Type.Object({
  ...session,
  lastBeatAt: Time,
  deadline: Time,
  alive: Type.Boolean({ description: 'False once its deadline passed: others may take over what it holds' }),
  held: Type.Integer({ description: 'How many pieces of work it holds' }),
})
export type Session = Static<typeof Session>

/** A session that is over. */
export const EndedSession = Type.Object({
  ...session,
  endedAt: Time,
  how: Type.Union([Type.Literal('closed'), Type.Literal('expired'), Type.Literal('ended by an operator')]),
  reason: orNull(Type.String()),
})
export type EndedSession = Static<typeof EndedSession>

/** A session, alive or over, with what it holds. */
export const SessionDetails = Type.Object({
  session: orNull(Session),
  ended: orNull(EndedSession),
  work: Type.Array(HeldWork),
})
export type SessionDetails = Static<typeof SessionDetails>

/** Which sessions. */
export const sessionFilter = {
  alive: Type.Optional(Type.Boolean()),
  component: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
}
export const SessionQuery = Type.Object({
  ...paging,
  ...sessionFilter,
  order: Type.Optional(
    Type.Union([Type.Literal('oldest'), Type.Literal('newest')], { description: 'By start; default newest' }),
  ),
})
export type SessionQuery = Static<typeof SessionQuery>
export const EndedSessionQuery = Type.Object({ ...paging, component: sessionFilter.component })
export type EndedSessionQuery = Static<typeof EndedSessionQuery>
