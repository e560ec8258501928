import { setTimeout as sleep } from 'node:timers/promises'
import { BMDB } from '@bmdb/core'
import { startPrivateServer } from '@bmdb/embedded'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { Fleet } from './fleet.ts'
import { startProgram, type Program } from './program.ts'

const intervalSeconds = 4
const flags = ['--interval-seconds', String(intervalSeconds), '--concurrency', '1']

test(
  'a database that is away for longer than the interval: holders stop in time, and come back by themselves with new sessions',
  { timeout: 90_000 },
  async () => {
    const server = await startPrivateServer({ durable: false })
    onTestFinished(() => server.close())
    const before = new Fleet(server.url, await migrate(server.url))
    await keepLastDeadlines(before.client)
    const machines: Awaited<ReturnType<Fleet['addMachine']>>[] = []
    for (let n = 0; n < 3; n++) machines.push(await before.addMachine({ faults: { hang: true } }))
    const gc = startProgram('gc', ['--interval-seconds', '1'], { env: { BMDB_DATABASE_URL: server.url } })
    const workers = await Promise.all(machines.map(() => before.startWorker(...flags)))
    for (const { id } of machines) await before.happened(id, 'Started')
    await holdForNobodyToTakeOver(server.url)
    await gc.logged('sweeping expired sessions')

    await server.kill()
    const goneMs = performance.now()
    const told = await Promise.all(
      workers.map(async (worker) => {
        await worker.logged('lost the session, starting a new one')
        return worker.log.length
      }),
    )
    await sleep(Math.max(0, goneMs + intervalSeconds * 1_000 + 300 - performance.now()))
    for (const { bmc } of machines) bmc.setFault('hang', false)
    await server.start()
    const starts = await Promise.all(workers.map((worker) => worker.logged('started a session', 2, 30_000)))

    // Between their loss and their return nothing else was said, and no trouble twice.
    workers.forEach((worker, index) => {
      const { session } = starts[index]!
      expect(session).not.toBe(worker.session)
      const back = worker.log.findIndex((line) => line['session'] === session)
      const between = worker.log.slice(told[index], back).map((line) => line.message)
      expect(between.filter((message) => message !== 'a session could not be deleted; it will expire')).toEqual([])
      expect(repeated(worker)).toEqual([])
    })

    const after = new Fleet(server.url, await connect(server.url))
    // Every machine is worked on again, by somebody's new session.
    for (const { id } of machines) {
      await after.happened(id, 'Finished')
      const [started, ended, ...again] = await after.history(id)
      expect([started, ended]).toMatchObject([
        { event: 'Started', token: 1 },
        // By itself if it came back in time for that, else by somebody who took over, or by the collector.
        { event: expect.stringMatching(/^(Canceled|Expired)$/) as string, session: started!.session, token: 1 },
      ])
      const next = starts.map((line) => line['session'])
      expect(again).toMatchObject([
        { event: 'Started', session: expect.toSatisfy((session) => next.includes(session)) as string, token: 2 },
        { event: 'Finished', session: again[0]!.session, token: 2 },
      ])
    }
    // Every holder had stopped before anybody else could take over.
    const deadlines = await lastDeadlines(after.client)
    for (const worker of workers) {
      const lost = await worker.logged('lost the machine: nothing was committed')
      expect(Date.parse(String(lost['time']))).toBeLessThan(deadlines.get(worker.session)!)
    }

    // The collector found at least the one that nobody took over.
    await gc.printed(/expired at once, while sweeping failed: /)
    const [expired, ...more] = gc.log.filter((line) => line.message.startsWith('expired at once'))
    expect(expired).toMatchObject({ level: 'warn', work: expect.toSatisfy((work) => work >= 1) as number })
    expect(more).toEqual([])
    for (const program of [...workers, gc]) program.signal('SIGTERM')
    for (const program of [...workers, gc]) expect(await program.endsWithin(5_000)).toMatchObject({ code: 0 })
    expect(await after.left()).toEqual({ sessions: 0, work: 0 })
  },
)

/** Warnings and errors that were logged more than once. */
function repeated(worker: Program): string[] {
  const warnings = worker.log.filter((line) => line.level !== 'info').map((line) => line.message)
  return warnings.filter((message, index) => warnings.indexOf(message) !== index)
}

/** A session that holds a machine that no worker wants: only the collector will end it. */
async function holdForNobodyToTakeOver(url: string): Promise<void> {
  const connection = await new BMDB({ databaseUrl: url, componentName: 'test' }).open()
  onTestFinished(() => connection.close())
  const session = await connection.startSession({ intervalSeconds })
  const { id } = await connection.prisma.machine.create({ data: {} })
  expect(await session.startWork('Test', [id])).not.toBeNull()
}

/** The deadline that each session had when it was deleted, however it was. */
async function keepLastDeadlines(client: Client): Promise<void> {
  await client.query(`
    CREATE TABLE last_deadlines (session_id UUID, session_deadline TIMESTAMPTZ);
    CREATE FUNCTION keep_last_deadline() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO last_deadlines VALUES (old.session_id, old.session_deadline); RETURN NULL; END $$;
    CREATE TRIGGER keep_last_deadline AFTER DELETE ON session_leases
      FOR EACH ROW EXECUTE FUNCTION keep_last_deadline()`)
}

/** The same, as milliseconds since 1970, by session. */
async function lastDeadlines(client: Client): Promise<Map<string, number>> {
  const { rows } = await client.query<{ id: string; deadline: Date }>(
    'SELECT session_id AS id, session_deadline AS deadline FROM last_deadlines',
  )
  return new Map(rows.map((row) => [row.id, row.deadline.getTime()]))
}

async function migrate(url: string): Promise<Client> {
  await (await new BMDB({ databaseUrl: url, componentName: 'test' }).open({ migrate: true })).close()
  return connect(url)
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  // It is cut off when the server goes.
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  return client
}
