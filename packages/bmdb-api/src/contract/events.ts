import { Type, type Static } from 'typebox'
import { Time } from './common.ts'

/**
 * What `GET /api/v1/events` sends, once a second, as the data of server-sent events named `pulse`. Where the database
 * does not answer, `reachable` is false, and what was shown before is stale.
 */
export const Pulse = Type.Object({
  reachable: Type.Boolean(),
  /** The database's time; null where it does not answer. */
  now: Type.Union([Time, Type.Null()]),
  /** Changes whenever something happened to work, to sessions or by operators: then lists are worth reading again. */
  version: Type.String(),
})
export type Pulse = Static<typeof Pulse>
