import { BMDB, type Connection, type PrismaClient } from '@bmdb/core'
import { startPrivateServer, type PrivateServer } from '@bmdb/embedded'
import { startWireProxy } from '@bmdb/testing'
import { Client } from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { statements } from './setup.ts'

/** How a server goes down without having written down what it had done last. */
const crashes = {
  'the server is killed and started again': async (server: PrivateServer) => {
    await server.kill()
    await server.start()
  },
  'one of its backends is killed, and it recovers by itself': async (server: PrivateServer) => {
    const client = await connected(server.url)
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    process.kill(rows[0]!.pid, 'SIGKILL')
    await expect
      .poll(
        () =>
          connected(server.url).then(
            () => true,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true)
  },
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  onTestFinished(() => client.end().catch(() => {}))
  await client.connect()
  return client
}

/** A server that writes down nothing by itself, and a connection to it whose COMMIT will never arrive. */
async function stage(): Promise<{
  server: PrivateServer
  connection: Connection<PrismaClient>
  heal: () => void
  held: Promise<void>
}> {
  const server = await startPrivateServer({ durable: false })
  onTestFinished(() => server.close())
  const admin = await connected(server.url)
  await admin.query(`ALTER SYSTEM SET wal_writer_delay = '10s'`)
  await admin.query(`ALTER SYSTEM SET autovacuum = off`)
  await (await new BMDB({ databaseUrl: server.url, componentName: 'test' }).open({ migrate: true })).close()
  await server.restart()
  const proxy = await startWireProxy(server.url)
  onTestFinished(() => proxy.close())
  const connection = await new BMDB({ databaseUrl: proxy.url, componentName: 'test' }).open()
  onTestFinished(() => connection.close().catch(() => {}))
  const held = proxy.next(statements.commit, { do: 'hold', when: 'before', all: true })
  return { server, connection, held, heal: () => proxy.heal() }
}

/** Others do something, until every id that the crash forgot has been given out again. */
async function useIds(server: PrivateServer, upTo: bigint): Promise<void> {
  const client = await connected(server.url)
  for (;;) {
    const { rows } = await client.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id')
    if (BigInt(rows[0]!.id) > upTo) return
  }
}

describe('promise 5: a transaction id that a crash forgot may be another’s afterwards', () => {
  test.each(Object.entries(crashes))('%s', { timeout: 60_000 }, async (_what, crash) => {
    const { server, connection, held, heal } = await stage()
    const session = await connection.startSession({ intervalSeconds: 60 })
    const machine = await connection.prisma.machine.create({ data: {} })
    const work = (await session.startWork('P', [machine.id]))!
    let id = 0n
    const lookAt = async (tx: { $queryRaw(query: TemplateStringsArray): Promise<unknown> }): Promise<void> => {
      const [row] = (await tx.$queryRaw`SELECT pg_current_xact_id()::text AS id`) as [{ id: string }]
      id = BigInt(row.id)
    }
    const call = work
      .transact(async (tx) => {
        await tx.bmc.create({ data: { machineId: machine.id, address: 'x' } })
        await lookAt(tx)
      })
      .then(
        () => 'committed',
        (error: { code: string }) => error.code,
      )
    await held
    await crash(server)
    await useIds(server, id)
    heal()
    const outcome = await call
    const client = await connected(server.url)
    const { rowCount } = await client.query('SELECT 1 FROM machine_bmc')
    // The id was given out again, and committed: asking by it alone would have told that this was.
    const { rows } = await client.query<{ status: string }>('SELECT pg_xact_status($1::xid8) AS status', [String(id)])
    expect(rows[0]!.status).toBe('committed')
    if (outcome === 'committed') expect(rowCount).toBe(1)
    else expect({ outcome, rowCount }).toEqual({ outcome: 'ERR_COMMIT_OUTCOME_UNKNOWN', rowCount: 0 })
  })
})
