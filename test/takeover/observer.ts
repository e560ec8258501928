import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { processName } from './programs.ts'

/** A takeover that came about. Times are in milliseconds of the database's clock. */
export interface Takeover {
  readonly machineId: string
  /** From the kill to the deadline that the last beat had set. */
  readonly aliveMs: number
  /** From the deadline to the claim: how late the takeover was. */
  readonly delayMs: number
}

/** How long after the deadline a takeover is waited for. */
const limitMs = 30_000
const lookMs = 50

/** Sees in the database, by its clock, what became of holders. */
export class Observer implements AsyncDisposable {
  readonly #pool: Pool

  constructor(databaseUrl: string) {
    this.#pool = new Pool({
      connectionString: databaseUrl,
      application_name: 'takeover',
      max: 4,
      connectionTimeoutMillis: 10_000,
      query_timeout: 10_000,
    })
    this.#pool.on('error', () => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end().catch(() => {})
  }

  async addMachine(): Promise<string> {
    return (await this.#row<{ id: string }>('INSERT INTO machines DEFAULT VALUES RETURNING machine_id AS id'))!.id
  }

  async now(): Promise<number> {
    return (await this.#row<{ at: number }>(`SELECT ${ms('clock_timestamp()')} AS at`))!.at
  }

  /** Watches a holder that was killed at `killedMs` until its machine is somebody else's. */
  async takeover(machineId: string, sessionId: string, killedMs: number, signal: AbortSignal): Promise<Takeover> {
    let deadlineMs: number | undefined
    for (;;) {
      // A beat may have been under way when its program died: what counts is what was there last.
      const lease = await this.#row<{ at: number; now: number }>(
        `SELECT ${ms('session_deadline')} AS at, ${ms('clock_timestamp()')} AS now FROM session_leases WHERE session_id = $1`,
        sessionId,
      )
      deadlineMs = lease?.at ?? deadlineMs
      if (deadlineMs === undefined) throw new Error(`the session of machine ${machineId} was gone before it was killed`)
      if (lease === undefined) break
      if (lease.now > deadlineMs + limitMs)
        throw new Error(`machine ${machineId} was not taken over within ${limitMs} ms`)
      await sleep(lookMs, undefined, { signal })
    }
    const started = await this.#row<{ at: number }>(
      `SELECT ${ms('started."timestamp"')} AS at
       FROM work_history AS started JOIN work_history AS expired USING (machine_id, process)
       WHERE machine_id = $1 AND process = $2
         AND started.event = 'Started' AND started.work_token = 2 AND started.session_id <> $3
         AND expired.event = 'Expired' AND expired.work_token = 1 AND expired.session_id = $3`,
      machineId,
      processName,
      sessionId,
    )
    if (started === undefined)
      throw new Error(`machine ${machineId} was not taken over: somebody else ended the session`)
    return { machineId, aliveMs: deadlineMs - killedMs, delayMs: started.at - deadlineMs }
  }

  async #row<Row extends object>(text: string, ...values: unknown[]): Promise<Row | undefined> {
    return (await this.#pool.query<Row>(text, values)).rows[0]
  }
}

function ms(timestamp: string): string {
  return `extract(epoch FROM ${timestamp})::float8 * 1000`
}
