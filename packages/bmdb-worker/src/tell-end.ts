import { causeText, type Logger, type PrismaClientLike } from '@bmdb/core'
import type { Ended } from './end-work.ts'
import type { RunRef } from './events.ts'
import { messageOf } from './log.ts'
import type { Process } from './process.ts'
import { RunnerStoppedError } from './run-errors.ts'
import type { RunnerContext } from './runner-context.ts'

/** Tells everybody how a run ended: metrics, log, listeners. */
export function tellEnd<Client extends PrismaClientLike>(
  { context, process }: { readonly context: RunnerContext<Client>; readonly process: Process<Client> },
  ref: RunRef,
  ended: Ended,
  log: Logger,
): void {
  const { events, metrics } = context
  metrics.count('bmdb_runner_runs_total', { process: ref.process, result: ended.end })
  switch (ended.end) {
    case 'finished':
      log.info('finished')
      return events.tell('finished', ref)
    case 'failed': {
      const { error } = ended
      const parked = process.maxAttempts !== undefined && ref.attempt >= process.maxAttempts
      log.warn('the run failed', { attempt: ref.attempt, cause: causeText(error), ...(parked ? { parked } : {}) })
      return events.tell('failed', { ...ref, error, parked })
    }
    case 'snoozed':
      log.debug('snoozed', { seconds: ended.seconds })
      return events.tell('snoozed', { ...ref, seconds: ended.seconds })
    case 'parked':
      log.warn('parked', { reason: causeText(ended.reason) })
      return events.tell('parked', { ...ref, reason: ended.reason })
    case 'canceled': {
      const { reason } = ended
      const stopped = reason instanceof RunnerStoppedError
      log.info(stopped ? 'cancelled, since the program stops' : 'cancelled', why(stopped ? undefined : reason))
      return events.tell('canceled', { ...ref, reason })
    }
    case 'lost':
      log.warn('lost the machine: nothing was committed', { reason: messageOf(ended.error) })
      return events.tell('lost', { ...ref, error: ended.error })
    case 'unknown':
      log.error('whether the end was committed is not known', { error: messageOf(ended.error) })
      return events.tell('unknown', { ...ref, error: ended.error })
  }
}

function why(reason: unknown): Record<string, unknown> {
  return reason === undefined ? {} : { reason: messageOf(reason) }
}
