import { randomUUID } from 'node:crypto'
import { startBmc, type Bmc, type BmcOptions } from '@bmdb/bmc-simulator'
import type { Client } from 'pg'
import { onTestFinished } from 'vitest'
import { migratedDatabase } from '../setup.ts'
import { eventually } from './eventually.ts'
import { startProgram, type Program } from './program.ts'

/** A row of a machine's history. */
export interface HistoryRow {
  readonly event: string
  readonly session: string
  readonly token: number
  readonly cause: string | null
  /** Seconds on the database's clock. */
  readonly at: number
}

/** Machines with simulated BMCs in a database, and the workers that look after them. */
export class Fleet {
  readonly url: string
  readonly client: Client

  constructor(url: string, client: Client) {
    this.url = url
    this.client = client
  }

  /** Registers a machine with a simulated BMC of its own. */
  async addMachine(options: Partial<BmcOptions> = {}): Promise<{ id: string; bmc: Bmc }> {
    // A little slow, so that there is a middle of an inventory.
    const bmc = await startBmc({ seed: 'fleet', faults: { slow: 40 }, ...options })
    onTestFinished(() => bmc.close())
    const id = randomUUID()
    await this.client.query('INSERT INTO machines (machine_id) VALUES ($1)', [id])
    await this.client.query('INSERT INTO machine_bmc (machine_id, bmc_address) VALUES ($1, $2)', [id, bmc.url])
    return { id, bmc }
  }

  /** Starts a worker that takes inventory, or does what its flags say, and waits until it has a session. */
  async startWorker(...args: string[]): Promise<Program & { readonly session: string }> {
    const worker = startProgram('example-worker', ['--processes', 'HardwareInventory', ...args], {
      env: { BMDB_DATABASE_URL: this.url },
    })
    const { session } = await worker.logged('started a session', 1, 30_000)
    return Object.assign(worker, { session: session as string })
  }

  /** What happened to a machine, the earliest first. */
  async history(machineId: string): Promise<HistoryRow[]> {
    const { rows } = await this.client.query<HistoryRow>(
      `SELECT event, session_id AS session, work_token::int4 AS token, failed_cause AS cause,
              extract(epoch FROM timestamp)::float8 AS at
       FROM work_history WHERE machine_id = $1 ORDER BY work_token, timestamp`,
      [machineId],
    )
    return rows
  }

  async events(machineId: string): Promise<string[]> {
    return (await this.history(machineId)).map((row) => row.event)
  }

  /** Waits until the machine's history has that many rows of the event; returns the last of these. */
  async happened(machineId: string, event: string, times = 1, limitMs?: number): Promise<HistoryRow> {
    return eventually(
      `${event} in the history, ${times} times`,
      async () => (await this.history(machineId)).filter((row) => row.event === event)[times - 1],
      limitMs,
    )
  }

  /** The machine's hardware report, if it has one. */
  async report(machineId: string): Promise<Record<string, unknown> | undefined> {
    const { rows } = await this.client.query<{ report: Record<string, unknown> }>(
      'SELECT hardware_report AS report FROM machine_hardware_report WHERE machine_id = $1',
      [machineId],
    )
    return rows[0]?.report
  }

  /** How many sessions there are, and how much work they hold. */
  async left(): Promise<{ sessions: number; work: number }> {
    const { rows } = await this.client.query<{ sessions: number; work: number }>(
      `SELECT (SELECT count(*) FROM sessions)::int4 AS sessions, (SELECT count(*) FROM work)::int4 AS work`,
    )
    return rows[0]!
  }

  /** Seconds on the database's clock. */
  async now(): Promise<number> {
    const { rows } = await this.client.query<{ now: number }>(
      'SELECT extract(epoch FROM clock_timestamp())::float8 AS now',
    )
    return rows[0]!.now
  }
}

/** A fleet without machines in a database of the test's own. */
export async function emptyFleet(): Promise<Fleet> {
  const { url, client } = await migratedDatabase()
  return new Fleet(url, client)
}

/** Waits for the middle of an inventory, and holds it up there: until `setFault('hang', false)` nothing is answered. */
export async function holdUp(bmc: Bmc): Promise<void> {
  await eventually('an inventory has begun', () => bmc.requests >= 3)
  bmc.setFault('hang', true)
  const before = bmc.requests
  await eventually('a request that is not answered', () => bmc.requests > before)
}
