import { startPrivateServer } from '@bmdb/embedded'
import { BMDB } from '@bmdb/core'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { Fleet, holdUp } from './fleet.ts'
import type { Program } from './program.ts'

const quickly = ['--interval-seconds', '3', '--concurrency', '2']

test(
  'a worker says once that it lost its database, and goes on with a new session when that is back',
  { timeout: 60_000 },
  async () => {
    const server = await startPrivateServer({ durable: false })
    onTestFinished(() => server.close())
    const fleet = new Fleet(server.url, await migrate(server.url))
    const { id, bmc } = await fleet.addMachine()
    const worker = await fleet.startWorker(...quickly)
    await holdUp(bmc)

    await server.kill()
    await worker.logged('lost the session, starting a new one')
    await worker.logged('lost the machine: nothing was committed')
    const told = worker.log.length
    bmc.setFault('hang', false)
    await server.start()
    const { session } = await worker.logged('started a session', 2, 20_000)
    expect(session).not.toBe(worker.session)
    // Nothing was said between its loss and its return.
    expect(worker.log.findIndex((line) => line['session'] === session)).toBe(told)
    expect(repeated(worker)).toEqual([])

    const after = new Fleet(server.url, await connect(server.url))
    await after.happened(id, 'Finished')
    expect(await after.history(id)).toMatchObject([
      { event: 'Started', session: worker.session, token: 1 },
      // By itself if it came back in time for that, else by its next session.
      { event: expect.stringMatching(/^(Canceled|Expired)$/) as string, session: worker.session, token: 1 },
      { event: 'Started', session, token: 2 },
      { event: 'Finished', session, token: 2 },
    ])
    worker.signal('SIGTERM')
    expect(await worker.endsWithin(5_000)).toMatchObject({ code: 0 })
    expect(await after.left()).toEqual({ sessions: 0, work: 0 })
  },
)

/** Warnings and errors that were logged more than once. */
function repeated(worker: Program): string[] {
  const warnings = worker.log.filter((line) => line.level !== 'info').map((line) => line.message)
  return warnings.filter((message, index) => warnings.indexOf(message) !== index)
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
