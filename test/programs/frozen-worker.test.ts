import { describe, expect, test } from 'vitest'
import { emptyFleet, holdUp } from './fleet.ts'

const args = ['--interval-seconds', '4', '--concurrency', '1']

describe('a worker that is frozen for longer than its interval', { timeout: 40_000 }, () => {
  test('commits nothing for the machine it lost, says so, and goes on with a new session', async () => {
    const fleet = await emptyFleet()
    const { id, bmc } = await fleet.addMachine()
    const frozen = await fleet.startWorker(...args)
    await holdUp(bmc)
    const other = await fleet.startWorker(...args)
    frozen.signal('SIGSTOP')
    // What comes next is answered, but so slowly that the other is still at it when the frozen one wakes up.
    bmc.setFault('slow', 3_000)
    bmc.setFault('hang', false)
    await fleet.happened(id, 'Started', 2)

    frozen.signal('SIGCONT')
    expect(await frozen.logged('lost the machine: nothing was committed')).toMatchObject({
      level: 'warn',
      machine: id,
      token: '1',
    })
    const { session } = await frozen.logged('started a session', 2)
    expect(session).not.toBe(frozen.session)
    expect(await fleet.report(id)).toBeUndefined()

    // The other has its hands full with the first machine.
    const next = await fleet.addMachine()
    await fleet.happened(next.id, 'Finished')
    expect(await fleet.history(next.id)).toMatchObject([
      { event: 'Started', session },
      { event: 'Finished', session },
    ])
    bmc.setFault('slow', false)
    await fleet.happened(id, 'Finished')
    expect(await fleet.history(id)).toMatchObject([
      { event: 'Started', session: frozen.session, token: 1 },
      { event: 'Expired', session: frozen.session, token: 1 },
      { event: 'Started', session: other.session, token: 2 },
      { event: 'Finished', session: other.session, token: 2 },
    ])
    expect(await fleet.left()).toEqual({ sessions: 2, work: 0 })
  })
})
