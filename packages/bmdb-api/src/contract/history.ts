import { Type, type Static } from 'typebox'
import { orNull, paging, ProcessName, Time, Uuid } from './common.ts'
import { Token } from './work.ts'

export const workEvents = [
  'Started',
  'Finished',
  'Failed',
  'Snoozed',
  'Parked',
  'Canceled',
  'Expired',
  'Released',
] as const

/** What happened to work. */
export const WorkEvent = Type.Object({
  kind: Type.Literal('work'),
  id: Uuid,
  timestamp: Time,
  machineId: Uuid,
  process: ProcessName,
  event: Type.Enum(workEvents),
  sessionId: Uuid,
  component: Type.String(),
  token: Token,
  cause: orNull(Type.String()),
})
export type WorkEvent = Static<typeof WorkEvent>

/** What an operator did. */
export const OperatorEvent = Type.Object({
  kind: Type.Literal('operator'),
  id: Uuid,
  timestamp: Time,
  operator: Type.String(),
  action: Type.String({ description: 'Such as `release` or `lock out`' }),
  reason: Type.String(),
  machineId: orNull(Uuid),
  process: orNull(ProcessName),
  sessionId: orNull(Uuid),
})
export type OperatorEvent = Static<typeof OperatorEvent>

export const HistoryEvent = Type.Union([WorkEvent, OperatorEvent])
export type HistoryEvent = Static<typeof HistoryEvent>

/** Which events. */
export const historyFilter = {
  kind: Type.Optional(
    Type.Union([Type.Literal('work'), Type.Literal('operator')], {
      description: 'Only what happened to work, or only what operators did; default both',
    }),
  ),
  machineId: Type.Optional(Uuid),
  sessionId: Type.Optional(Uuid),
  process: Type.Optional(ProcessName),
  event: Type.Optional(Type.Enum(workEvents)),
  search: Type.Optional(
    Type.String({ minLength: 1, maxLength: 256, description: 'Part of a cause, a reason, a component or an operator' }),
  ),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
}
export const HistoryQuery = Type.Object({ ...paging, ...historyFilter })
export type HistoryQuery = Static<typeof HistoryQuery>
export const HistoryExportQuery = Type.Object(historyFilter)
