import { describe, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { emptyFleet, holdUp, type Fleet } from './fleet.ts'

const intervalSeconds = 4
const args = ['--interval-seconds', String(intervalSeconds)]

describe('a worker that is killed in the middle of an inventory', { timeout: 30_000 }, () => {
  test('is followed by another within its interval and a second, with no collector running', async () => {
    const fleet = await emptyFleet()
    const { id, bmc } = await fleet.addMachine()
    const killed = await fleet.startWorker(...args)
    await holdUp(bmc)
    const other = await fleet.startWorker(...args)
    await untilBeat(fleet, killed.session)
    // What hangs for the one that is killed does not for the other.
    bmc.setFault('hang', false)
    const killedAt = await fleet.now()
    killed.signal('SIGKILL')

    await fleet.happened(id, 'Finished')
    const history = await fleet.history(id)
    expect(history).toMatchObject([
      { event: 'Started', session: killed.session, token: 1 },
      { event: 'Expired', session: killed.session, token: 1 },
      { event: 'Started', session: other.session, token: 2 },
      { event: 'Finished', session: other.session, token: 2 },
    ])
    const delay = history[2]!.at - killedAt
    expect(delay).toBeLessThan(intervalSeconds + 1)
    // Not before its deadline either: it was alive until then, for all that anybody knew.
    expect(delay).toBeGreaterThan(intervalSeconds - 0.2)
    expect(await fleet.report(id)).toMatchObject({ serialNumber: bmc.hardware!.serialNumber })
  })
})

/** Waits for a beat: whoever is killed right after it is believed to be alive for longest. */
async function untilBeat(fleet: Fleet, session: string): Promise<void> {
  const deadline = async (): Promise<number> => {
    const { rows } = await fleet.client.query<{ deadline: number }>(
      `SELECT extract(epoch FROM session_deadline)::float8 AS deadline FROM session_leases WHERE session_id = $1`,
      [session],
    )
    return rows[0]!.deadline
  }
  const before = await deadline()
  await eventually('a beat', async () => (await deadline()) > before)
}
