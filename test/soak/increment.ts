import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isBMDBError, type PrismaClient, type TransactionClient, type Work } from '@bmdb/core'
import { cockroachErrors } from '@bmdb/testing'
import type { Outcome, Recorder } from './records.ts'

/** What a worker throws on purpose. */
export class Meant extends Error {
  constructor() {
    super('meant to fail')
  }
}

const expectedCodes = [
  'ERR_SESSION_EXPIRED',
  'ERR_WORK_LOST',
  'ERR_WORK_CONFLICT',
  'ERR_WORK_BACKOFF',
  'ERR_TRANSACTION_TIMEOUT',
  'ERR_COMMIT_OUTCOME_UNKNOWN',
] as const

/**
 * Whether an error is one that the faults explain. Raw errors of the driver or of Prisma are not, except that of a server
 * in trouble: where COMMIT is answered with it, and the transaction turns out to have been rolled back, it comes out as it is.
 */
export function isExpected(error: unknown): boolean {
  if (error instanceof Error && 'code' in error && error.code === cockroachErrors.rangeUnavailable.sqlState) return true
  if (error instanceof Error && error.name === 'AbortError') return true
  if (isBMDBError(error, 'ERR_DATABASE_UNAVAILABLE'))
    return ['unreachable', 'overloaded'].includes((error as unknown as { reason: string }).reason)
  return expectedCodes.some((code) => isBMDBError(error, code))
}

/** One more on the machine's guarded counter, and a mark of it, in one transaction under the lock. */
export class Increment {
  readonly #work: Work<PrismaClient>
  readonly #kind: 'transact' | 'finish'
  readonly #recorder: Recorder
  readonly #id = randomUUID()

  constructor(work: Work<PrismaClient>, kind: 'transact' | 'finish', recorder: Recorder) {
    this.#work = work
    this.#kind = kind
    this.#recorder = recorder
  }

  /** @param pauseMs - how long it sits in its transaction, between reading and writing */
  async run(pauseMs: number): Promise<void> {
    const { machineId, token } = this.#work
    this.#recorder.write({ is: 'increment', id: this.#id, machineId, token: String(token) })
    try {
      await this.#work[this.#kind]((tx) => this.#count(tx, pauseMs), { timeoutMs: 5_000 })
    } catch (error) {
      this.#told(isBMDBError(error, 'ERR_COMMIT_OUTCOME_UNKNOWN') ? 'unknown' : 'failed', error)
      throw error
    }
    this.#told('committed')
  }

  async #count(tx: TransactionClient<PrismaClient>, pauseMs: number): Promise<void> {
    const { machineId, token } = this.#work
    // Read first and written later: a lock or an isolation that did not hold would lose an increment.
    const [row] = await tx.$queryRawUnsafe<{ count: bigint }[]>(
      'SELECT count FROM soak_counters WHERE machine_id = $1::uuid',
      machineId,
    )
    const next = String(BigInt(row!.count) + 1n)
    if (pauseMs > 0) await sleep(pauseMs)
    await tx.$executeRawUnsafe('UPDATE soak_counters SET count = $2::int8 WHERE machine_id = $1::uuid', machineId, next)
    await tx.$executeRawUnsafe(
      `INSERT INTO soak_marks (increment_id, machine_id, token, kind, count)
       VALUES ($1::uuid, $2::uuid, $3::int8, $4::text, $5::int8)`,
      this.#id,
      machineId,
      String(token),
      this.#kind,
      next,
    )
  }

  #told(outcome: Outcome, error?: unknown): void {
    const shown = error instanceof Error ? { error: error.message.slice(0, 300) } : {}
    this.#recorder.write({ is: 'told', id: this.#id, outcome, ...shown })
  }
}
