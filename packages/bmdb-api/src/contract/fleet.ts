import { Type, type Static } from 'typebox'
import { orNull, ProcessName, Time, Uuid } from './common.ts'
import { Backoff } from './backoffs.ts'
import { HeldWork } from './work.ts'
import { EndedSession, Session } from './sessions.ts'

/** How the machines of a process stand, counted at `at` by the definition that claims use. */
export const Counts = Type.Object({
  eligible: orNull(Type.Integer({ description: 'Null where it cannot be judged here' })),
  held: Type.Integer(),
  backoff: Type.Integer(),
  parked: Type.Integer(),
  lockedOut: Type.Integer({ description: 'Machines under a lock-out, whatever the process' }),
  waitingSince: orNull(Time),
  at: Time,
})
export type Counts = Static<typeof Counts>

/** A process that was declared, was paused, or is at work. */
export const Process = Type.Object({
  process: ProcessName,
  declaredBy: orNull(Type.String()),
  pausedAt: orNull(Time),
  pausedBy: orNull(Type.String()),
  pausedReason: orNull(Type.String()),
  conflictsWith: Type.Array(Type.String()),
  failureDomains: Type.Record(Type.String(), Type.Integer(), {
    description: 'By kind: on how many machines of one failure domain it may be at a time',
  }),
  counts: orNull(Counts),
})
export type Process = Static<typeof Process>

/** What needs attention: the first few of each. */
export const Attention = Type.Object({
  stuck: Type.Array(HeldWork),
  expired: Type.Array(Session),
  /** Sessions that expired within the last quarter of an hour and are over: their programs died, or were cut off. */
  lost: Type.Array(EndedSession),
  parked: Type.Array(Backoff),
  paused: Type.Array(Process),
  at: Time,
})
export type Attention = Static<typeof Attention>

/** The fleet at a glance. Counts and lists are some seconds old at most; `at` says of when they are. */
export const Overview = Type.Object({
  processes: Type.Array(Process),
  attention: Attention,
  machines: Type.Object({ inService: Type.Integer(), retired: Type.Integer(), lockedOut: Type.Integer() }),
  sessions: Type.Object({ alive: Type.Integer(), expired: Type.Integer() }),
  at: Time,
})
export type Overview = Static<typeof Overview>

/** How work ended in one stretch of time. */
export const ThroughputBucket = Type.Object({
  from: Time,
  started: Type.Integer(),
  finished: Type.Integer(),
  failed: Type.Integer(),
  /** Snoozed, parked, canceled, expired, released. */
  other: Type.Integer(),
})
export const Throughput = Type.Object({
  bucketSeconds: Type.Integer(),
  buckets: Type.Array(ThroughputBucket, { description: 'Oldest first, without gaps' }),
  at: Time,
})
export type Throughput = Static<typeof Throughput>
export const ThroughputQuery = Type.Object({
  hours: Type.Optional(Type.Integer({ minimum: 1, maximum: 168, description: 'How far back; default 24' })),
  process: Type.Optional(ProcessName),
})

/** One condition that decides whether a process may begin on a machine. */
export const Condition = Type.Object({
  condition: Type.String(),
  holds: orNull(Type.Boolean()),
  fact: Type.String(),
})
export const Explanation = Type.Object({
  machineId: Uuid,
  process: ProcessName,
  eligible: orNull(Type.Boolean()),
  conditions: Type.Array(Condition),
})
export type Explanation = Static<typeof Explanation>
