import type { FaultName } from '@bmdb/bmc-simulator'
import { describe, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { emptyFleet } from './fleet.ts'

const faults: readonly [fault: FaultName, cause: RegExp][] = [
  ['unauthorized', /: 401 Unauthorized for .*: it asks for a user name and password$/],
  ['error', /: 500 Internal Server Error for \/redfish\/v1\/$/],
  ['reset', /: the connection was lost before the end of the answer \(ECONNRESET\) for /],
  ['truncated', /: an answer of \d+ bytes \(application\/json\) that is no JSON, or was cut off, for /],
]

describe('a BMC that fails', { timeout: 30_000 }, () => {
  test('keeps its machine off for a while, with a cause in plain words, and no other; mended, it is inventoried', async () => {
    const fleet = await emptyFleet()
    const failing = []
    for (const [fault, cause] of faults)
      failing.push({ ...(await fleet.addMachine({ faults: { [fault]: true } })), fault, cause })
    // The youngest: its turn comes after all of those.
    const sound = await fleet.addMachine()
    const worker = await fleet.startWorker('--concurrency', '1')
    for (const { id, bmc, cause } of failing) {
      const failed = await fleet.happened(id, 'Failed')
      expect(failed.cause).toMatch(cause)
      expect(failed.cause).toContain(bmc.url)
      const { rows } = await fleet.client.query(
        `SELECT cause, last_interval_seconds::int4 AS seconds, until > clock_timestamp() AS active
         FROM work_backoff WHERE machine_id = $1 AND process = 'HardwareInventory'`,
        [id],
      )
      expect(rows).toEqual([{ cause: failed.cause, seconds: 10, active: true }])
    }
    await fleet.happened(sound.id, 'Finished')
    await eventually('four warnings', () => worker.messages('the run failed').length === 4)

    for (const { bmc, fault } of failing) bmc.setFault(fault, false)
    await fleet.client.query(`UPDATE work_backoff SET until = clock_timestamp() - interval '1 second'`)
    for (const { id, bmc } of failing) {
      await fleet.happened(id, 'Finished')
      expect(await fleet.events(id)).toEqual(['Started', 'Failed', 'Started', 'Finished'])
      expect(await fleet.report(id)).toMatchObject({ serialNumber: bmc.hardware!.serialNumber })
    }
    const { rows } = await fleet.client.query('SELECT * FROM work_backoff')
    expect(rows).toEqual([])
    // A failing BMC is no reason for a new session.
    expect(worker.messages('started a session')).toHaveLength(1)
  })
})
