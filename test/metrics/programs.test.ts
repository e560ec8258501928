import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { eventually } from '../programs/eventually.ts'
import { emptyFleet } from '../programs/fleet.ts'
import { startProgram, type Program } from '../programs/program.ts'
import { documentedMetrics, foreignMetrics, type Teller } from './table.ts'

const listening = ['--listen', '127.0.0.1:0']

interface Asked {
  readonly url: string
  readonly get: (path: string) => Promise<{ status: number; type: string | null; text: string }>
  /** Waits until the metrics have a line; returns all of them. */
  readonly shows: (line: string) => Promise<string>
}

/** Waits until a program tells its metrics and health. */
async function ask(program: Program): Promise<Asked> {
  const url = String((await program.logged('telling metrics and health'))['url'])
  const get: Asked['get'] = async (path) => {
    const response = await fetch(url + path)
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  }
  const shows: Asked['shows'] = (line) =>
    eventually(`the metrics show ${line}`, async () => {
      const { text } = await get('/metrics')
      return text.split('\n').includes(line) && text
    })
  return { url, get, shows }
}

/** Expects exactly what the table says that this kind of program tells, with the labels and values that it says. */
function expectDocumented(text: string, teller: Teller): void {
  const told = new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map((match) => [match[1]!, match[2]!]))
  const documented = documentedMetrics.filter((metric) => metric.teller === 'all' || metric.teller === teller)
  const ours = [...told].filter(([name]) => name.startsWith('bmdb_'))
  expect(ours.sort()).toEqual(documented.map(({ name, type }): [string, string] => [name, type]).sort())
  for (const [name, type] of foreignMetrics) if (name !== 'up') expect([name, told.get(name)]).toEqual([name, type])
  for (const [, series, labels] of text.matchAll(/^(bmdb_\w+)\{([^}]*)\} /gm)) {
    const base = series!.replace(/_(bucket|sum|count)$/, '')
    const { labels: allowed } = documented.find(({ name }) => name === series || name === base)!
    for (const [, label, value] of labels!.matchAll(/(\w+)="([^"]*)"/g)) {
      if (label === 'le') continue
      const { values, open } = allowed.get(label!) ?? { values: [], open: false }
      expect([series, label, value, open || values.includes(value!)]).toEqual([series, label, value, true])
    }
  }
  expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/)
}

describe('metrics and health of the programs', { timeout: 60_000 }, () => {
  test('a worker tells them before it has reached its database', async () => {
    // It takes connections and never answers.
    const server = createServer(() => {}).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const env = { BMDB_DATABASE_URL: `postgresql://me:s3cret@127.0.0.1:${port}/db` }
    const worker = startProgram('example-worker', listening, { env })
    const { get, shows } = await ask(worker)
    expect(await get('/healthz')).toMatchObject({ status: 200, text: '{"alive":true}\n' })
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      text: '{"ready":false,"reasons":["the database was not reached yet"]}\n',
    })
    expect(await shows('bmdb_ready 0')).not.toContain('s3cret')
    worker.signal('SIGTERM')
    expect(await worker.endsWithin(3_000)).toMatchObject({ code: 0 })
  })

  test('the collector and a worker give the same answers, and tell what is documented of them', async () => {
    const fleet = await emptyFleet()
    const { bmc } = await fleet.addMachine()
    const env = { BMDB_DATABASE_URL: fleet.url }
    const gc = startProgram('gc', [...listening, '--interval-seconds', '0.2'], { env })
    const worker = await fleet.startWorker(...listening)
    const all = await Promise.all([gc, worker].map(ask))
    for (const { get } of all) {
      await eventually('it is ready', async () => (await get('/readyz')).status === 200)
      expect(await get('/readyz')).toMatchObject({ text: '{"ready":true,"reasons":[]}\n' })
      expect(await get('/healthz')).toMatchObject({ status: 200, text: '{"alive":true}\n' })
      expect((await get('/metrics')).type).toMatch(/^text\/plain; version=0\.0\.4/)
    }
    const [collected, worked] = await Promise.all([
      all[0]!.shows('bmdb_sessions{state="alive"} 1'),
      all[1]!.shows('bmdb_runner_runs_total{process="HardwareInventory",result="finished"} 1'),
    ])
    expectDocumented(collected, 'gc')
    expectDocumented(worked, 'workers')
    for (const line of ['bmdb_ready 1', 'bmdb_sessions{state="expired"} 0', 'bmdb_swept_total{what="sessions"} 0'])
      expect(collected.split('\n')).toContain(line)
    for (const line of [
      'bmdb_ready 1',
      'bmdb_sessions_started_total 1',
      'bmdb_sessions_ended_total{reason="deadline"} 0',
    ])
      expect(worked.split('\n')).toContain(line)
    expect([collected, worked].map((text) => /bmdb_build_info\{.*program="([^"]*)"/.exec(text)?.[1])).toEqual([
      'gc',
      'example-worker',
    ])
    // A worker that is to stop, and still works, says so: nobody else should be sent to it.
    bmc.setFault('hang', true)
    await fleet.client.query('DELETE FROM machine_hardware_report')
    await all[1]!.shows('bmdb_runner_running{process="HardwareInventory"} 1')
    worker.signal('SIGTERM')
    expect(
      await eventually('it says so', async () => {
        const answer = await all[1]!.get('/readyz')
        return answer.status === 503 && answer.text
      }),
    ).toContain('it was asked to stop')
    expect(await worker.endsWithin(6_000)).toMatchObject({ code: 0 })
  })
})
