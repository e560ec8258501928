import type {
  Backoff,
  BackoffQuery,
  EndedSession,
  EndedSessionQuery,
  Explanation,
  HeldWork,
  HistoryEvent,
  HistoryQuery,
  Machine,
  MachineDetails,
  MachineFilters,
  MachineQuery,
  Me,
  Overview,
  Page,
  Session,
  SessionQuery,
  Throughput,
  WorkQuery,
} from '@bmdb/api/contract'
import { read } from './request.ts'

/** A session, alive or over, with what it holds. */
export interface SessionDetails {
  readonly session: Session | null
  readonly ended: EndedSession | null
  readonly work: readonly HeldWork[]
}

export const readMe = (signal: AbortSignal): Promise<Me> => read('me', {}, signal)

export const readOverview = (signal: AbortSignal): Promise<Overview> => read('overview', {}, signal)

export const readThroughput = (hours: number, process: string | undefined, signal: AbortSignal): Promise<Throughput> =>
  read('throughput', { hours, process }, signal)

export const readMachineFilters = (signal: AbortSignal): Promise<MachineFilters> => read('machine-filters', {}, signal)

export const readMachine = (id: string, signal: AbortSignal): Promise<MachineDetails> =>
  read(`machines/${encodeURIComponent(id)}`, {}, signal)

export const readExplanations = (id: string, signal: AbortSignal): Promise<Explanation[]> =>
  read(`machines/${encodeURIComponent(id)}/explanations`, {}, signal)

export const readSession = (id: string, signal: AbortSignal): Promise<SessionDetails> =>
  read(`sessions/${encodeURIComponent(id)}`, {}, signal)

/** The lists, by the noun in the path: what each takes, and what its rows are. */
export interface Lists {
  machines: { query: MachineQuery; row: Machine }
  sessions: { query: SessionQuery; row: Session }
  'ended-sessions': { query: EndedSessionQuery; row: EndedSession }
  work: { query: WorkQuery; row: HeldWork }
  backoffs: { query: BackoffQuery; row: Backoff }
  history: { query: HistoryQuery; row: HistoryEvent }
}

export const readList = <Name extends keyof Lists>(
  name: Name,
  query: Lists[Name]['query'],
  signal: AbortSignal,
): Promise<Page<Lists[Name]['row']>> => read(name, query, signal)
