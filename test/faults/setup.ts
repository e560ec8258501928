import { BMDB, type Connection, type PrismaClient, type Session, type TransactionClient } from '@bmdb/core'
import { startWireProxy, type Statement, type WireProxy } from '@bmdb/testing'
import type { Client } from 'pg'
import { onTestFinished } from 'vitest'
import { migratedDatabase } from '../setup.ts'

export type Tx = TransactionClient<PrismaClient>

/** A session whose network can go wrong, and a client beside it that looks at the rows. */
export interface Stage {
  readonly client: Client
  readonly proxy: WireProxy
  readonly connection: Connection<PrismaClient>
  readonly session: Session<PrismaClient>
  readonly warnings: string[]
  /** Whether the machine is there, as others see it. */
  written(machineId: string): Promise<boolean>
}

/** @param intervalSeconds - default: so long that no beat goes out during the test */
export async function stage(setting: { intervalSeconds?: number; poolSize?: number } = {}): Promise<Stage> {
  const { url, client } = await migratedDatabase()
  const proxy = await startWireProxy(url)
  onTestFinished(() => proxy.close())
  const warnings: string[] = []
  const quiet = (): void => {}
  const connection = await new BMDB({
    databaseUrl: proxy.url,
    componentName: 'test',
    poolSize: setting.poolSize,
    logger: { debug: quiet, info: quiet, warn: (message) => void warnings.push(message), error: quiet },
  }).open()
  onTestFinished(() => connection.close().catch(() => {}))
  onTestFinished(() => proxy.heal())
  const session = await connection.startSession({ intervalSeconds: setting.intervalSeconds ?? 60 })
  const written = async (machineId: string): Promise<boolean> =>
    (await client.query('SELECT 1 FROM machines WHERE machine_id = $1::uuid', [machineId])).rowCount === 1
  return { client, proxy, connection, session, warnings, written }
}

/** Makes the server forget how transactions ended, as it does with very old ones: nobody can be asked any more. */
export async function forgetOutcomes({ client, proxy }: Stage): Promise<void> {
  await client.query(`CREATE FUNCTION pg_xact_status(xid8) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'`)
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name')
  await client.query(`ALTER DATABASE "${rows[0]!.name}" SET search_path = public, pg_catalog`)
  // It is in force for connections that are made from now on.
  proxy.cut()
}

/** The statements that the phases' faults strike at. */
export const statements = {
  guard: 'bmdb_guard_session',
  insert: /INSERT INTO "public"."machines"/,
  commit: (statement: Statement) => statement.text === 'COMMIT',
  claim: 'bmdb_claim',
  finish: 'bmdb_finish',
} as const

/** One call of `transact` that writes a machine, and what came of it. */
export async function callOf(
  { session }: Pick<Stage, 'session'>,
  options: Parameters<Session<PrismaClient>['transact']>[1] = {},
): Promise<{ machineId: string; attempts: number; error?: unknown }> {
  const machineId = crypto.randomUUID()
  let attempts = 0
  try {
    await session.transact(async (tx) => {
      attempts += 1
      await tx.machine.create({ data: { id: machineId } })
    }, options)
    return { machineId, attempts }
  } catch (error) {
    return { machineId, attempts, error }
  }
}
