import { bulkVerbs, verbs } from '@bmdb/api/contract'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** How an act ended: it changed something, there was nothing to change, it was refused, or it failed. */
export const actResults = ['done', 'nothing', 'refused', 'failed'] as const
export type ActResult = (typeof actResults)[number]

/** What operators can do through the console, such as `work/release`. */
export const actions: readonly string[] = [...Object.values(verbs), ...Object.values(bulkVerbs)].map(
  ({ noun, verb }) => `${noun}/${verb}`,
)

/** What the console counts. */
export interface ConsoleMetrics {
  /** A request was answered; of a stream of events the time it took is not told. */
  answered(request: { route: string; method: string; status: number }, seconds: number | undefined): void
  /** So many streams of events are open now. */
  streams(open: number): void
  acted(action: string, result: ActResult): void
}

/** Counts requests, streams and acts in a registry. */
export function consoleMetrics(registry: Registry): ConsoleMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'bmdb_console_requests_total',
    help: 'Requests that were answered, by route, method and status',
    labelNames: ['route', 'method', 'status'],
    registers,
  })
  const duration = new Histogram({
    name: 'bmdb_console_request_duration_seconds',
    help: 'From a request to the end of its answer, by route; streams of events are left out',
    labelNames: ['route'],
    buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  })
  const streams = new Gauge({
    name: 'bmdb_console_event_streams',
    help: 'Streams of events that are open: pages that are being looked at',
    registers,
  })
  const acts = new Counter({
    name: 'bmdb_console_acts_total',
    help: 'Acts of operators through the console, by how they ended',
    labelNames: ['action', 'result'],
    registers,
  })
  for (const action of actions) for (const result of actResults) acts.inc({ action, result }, 0)
  return {
    answered({ route, method, status }, seconds) {
      requests.inc({ route, method, status: String(status) })
      if (seconds !== undefined) duration.observe({ route }, seconds)
    },
    streams: (open) => streams.set(open),
    acted: (action, result) => acts.inc({ action, result }),
  }
}
