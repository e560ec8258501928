import * as contract from '../contract/index.ts'

/** What clients that are generated from the document should have a name for. */
const named = {
  Backoff: contract.Backoff,
  Condition: contract.Condition,
  Counts: contract.Counts,
  Attention: contract.Attention,
  BulkDone: contract.BulkDone,
  Done: contract.Done,
  EndedSession: contract.EndedSession,
  Explanation: contract.Explanation,
  HeldWork: contract.HeldWork,
  HistoryEvent: contract.HistoryEvent,
  Machine: contract.Machine,
  MachineDetails: contract.MachineDetails,
  MachineFilters: contract.MachineFilters,
  Me: contract.Me,
  OperatorEvent: contract.OperatorEvent,
  Overview: contract.Overview,
  Problem: contract.Problem,
  Process: contract.Process,
  Session: contract.Session,
  SessionDetails: contract.SessionDetails,
  Throughput: contract.Throughput,
  ThroughputBucket: contract.ThroughputBucket,
  WorkEvent: contract.WorkEvent,
} as const

const names = new Map(Object.entries(named).map(([name, schema]) => [JSON.stringify(schema), name]))

/** The schemas, each with those that it holds by their names. */
export function namedSchemas(): Record<string, object> {
  return Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, parts(plain(schema))]))
}

/** The same document, in which a schema that has a name is referred to by it. */
export function byName<Part>(part: Part): Part {
  if (typeof part !== 'object' || part === null) return part
  const name = names.get(JSON.stringify(part))
  return name === undefined ? parts(part) : ({ $ref: `#/components/schemas/${name}` } as Part)
}

function parts<Part extends object>(part: Part): Part {
  if (Array.isArray(part)) return part.map((each: unknown) => byName(each)) as unknown as Part
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, byName<unknown>(value)])) as Part
}

function plain(schema: object): object {
  return JSON.parse(JSON.stringify(schema)) as object
}
