import { backoffParameters, type Backoff } from '../backoff.ts'
import { messageOf } from '../errors.ts'
import type { SessionContext } from '../session/session-context.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'
import { invalid } from '../arguments.ts'
import type { ClaimOptions } from './claim-work.ts'
import type { Work } from './work.ts'

/** Options of `session.work`. */
export interface WorkOptions extends ClaimOptions {
  /** For the case that the function throws. Default: a second, or as long as the last time. */
  readonly backoff?: Backoff | undefined
}

/** Claims, runs `fn`, and ends the work by how `fn` ended, unless `fn` ended it itself. */
export async function runWork<Client extends PrismaClientLike, Result>(
  claim: () => Promise<Work<Client>>,
  fn: (work: Work<Client>) => Promise<Result> | Result,
  options: WorkOptions | undefined,
  session: SessionContext<Client>,
): Promise<Result> {
  if (typeof fn !== 'function') invalid('the third argument', fn, 'a function')
  backoffParameters(options?.backoff)
  const work = await claim()
  let result: Result
  try {
    result = await fn(work)
  } catch (error) {
    if (!work.ended && !(await quietly(session, work, 'fail', () => work.fail(error, options?.backoff))))
      await work[Symbol.asyncDispose]()
    throw error
  }
  if (work.ended) return result
  try {
    await work.finish()
  } catch (error) {
    // Nobody has a handle to try again with: better given back than locked for as long as the session lives.
    await work[Symbol.asyncDispose]()
    throw error
  }
  return result
}

async function quietly<Client extends PrismaClientLike>(
  session: SessionContext<Client>,
  work: Work<Client>,
  what: string,
  end: () => Promise<void>,
): Promise<boolean> {
  try {
    await end()
    return true
  } catch (error) {
    session.database.logger.warn(`work could not be ended by ${what}`, {
      machine: work.machineId,
      process: work.process,
      error: messageOf(error),
    })
    return false
  }
}
