import { expect, test } from 'vitest'
import { emptyFleet } from './fleet.ts'

const index = ['On', 'Off'] as const

test('PowerCheck looks at machines that were inventoried, comes back later, and fails where one is off', async () => {
  const fleet = await emptyFleet()
  const machines = []
  for (const powerState of index) {
    const machine = await fleet.addMachine({ faults: {} })
    const system = `${machine.bmc.url}/redfish/v1/Systems/${await systemOf(machine.bmc.url)}`
    const ResetType = powerState === 'On' ? 'On' : 'ForceOff'
    const answer = await fetch(`${system}/Actions/ComputerSystem.Reset`, {
      method: 'POST',
      body: JSON.stringify({ ResetType }),
    })
    expect(answer.status).toBe(204)
    machines.push({ ...machine, powerState })
  }
  const bare = await fleet.addMachine()
  for (const { id } of machines)
    await fleet.client.query(`INSERT INTO machine_hardware_report (machine_id, hardware_report) VALUES ($1, '{}')`, [
      id,
    ])
  const worker = await fleet.startWorker('--processes', 'PowerCheck')
  const [on, off] = machines
  await fleet.happened(on!.id, 'Snoozed')
  const { cause } = await fleet.happened(off!.id, 'Failed')
  expect(cause).toBe(`${off!.bmc.url}: the machine is off`)
  const { rows } = await fleet.client.query(
    `SELECT machine_id AS id, process, ceil(extract(epoch FROM until - now()) / 10)::int4 AS tens, attempts::int4
     FROM work_backoff ORDER BY until DESC`,
  )
  expect(rows).toEqual([
    { id: on!.id, process: 'PowerCheck', tens: 6, attempts: 0 },
    { id: off!.id, process: 'PowerCheck', tens: 1, attempts: 1 },
  ])
  expect(await fleet.events(bare.id)).toEqual([])
  worker.signal('SIGTERM')
  expect(await worker.endsWithin(5_000)).toMatchObject({ code: 0 })
  expect(await fleet.left()).toEqual({ sessions: 0, work: 0 })
})

/** The id of its system: vendors call it differently. */
async function systemOf(url: string): Promise<string> {
  const answer = (await (await fetch(`${url}/redfish/v1/Systems`)).json()) as { Members: { '@odata.id': string }[] }
  return answer.Members[0]!['@odata.id'].split('/')
    .filter((part) => part !== '')
    .at(-1)!
}
