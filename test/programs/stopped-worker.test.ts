import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { emptyFleet, holdUp } from './fleet.ts'

const limitMs = 3_000

describe('a worker that is asked to stop', { timeout: 30_000 }, () => {
  test('ends well at once when it does nothing, and leaves no session', async () => {
    const fleet = await emptyFleet()
    await fleet.addMachine()
    const worker = await fleet.startWorker()
    await worker.logged('finished')
    worker.signal('SIGTERM')
    const { code, ms } = await worker.endsWithin(10_000)
    expect({ code, stderr: worker.stderr }).toEqual({ code: 0, stderr: '' })
    expect(ms).toBeLessThan(1_500)
    expect(await fleet.left()).toEqual({ sessions: 0, work: 0 })
  })

  test('ends well within 3 s in the middle of inventories that take longer: they are cancelled', async () => {
    const fleet = await emptyFleet()
    const { id, bmc } = await fleet.addMachine()
    const worker = await fleet.startWorker()
    await holdUp(bmc)
    worker.signal('SIGINT')
    const { code, ms } = await worker.endsWithin(10_000)
    expect({ code, stderr: worker.stderr }).toEqual({ code: 0, stderr: '' })
    expect(ms).toBeLessThan(limitMs)
    expect(worker.messages('cancelled, since the program stops')).toMatchObject([{ machine: id }])
    expect(await fleet.events(id)).toEqual(['Started', 'Canceled'])
    expect(await fleet.left()).toEqual({ sessions: 0, work: 0 })
  })

  test('finishes what it holds if that is soon done, and begins nothing new', async () => {
    const fleet = await emptyFleet()
    const { id, bmc } = await fleet.addMachine()
    const worker = await fleet.startWorker('--concurrency', '1', '--drain-seconds', '20')
    await fleet.happened(id, 'Started')
    const next = await fleet.addMachine()
    bmc.setFault('slow', 100)
    worker.signal('SIGTERM')
    expect(await worker.endsWithin(20_000)).toMatchObject({ code: 0 })
    expect(await fleet.events(id)).toEqual(['Started', 'Finished'])
    expect(await fleet.events(next.id)).toEqual([])
    expect(await fleet.left()).toEqual({ sessions: 0, work: 0 })
  })

  test('ends at once when asked a second time', async () => {
    const fleet = await emptyFleet()
    const { id, bmc } = await fleet.addMachine()
    const worker = await fleet.startWorker('--drain-seconds', '60')
    await holdUp(bmc)
    worker.signal('SIGTERM')
    await worker.logged('stopping: nothing new is begun')
    // One Ctrl-C may come as several signals, all within a quarter of a second: those are one request.
    worker.signal('SIGTERM')
    await sleep(400)
    expect(worker.running).toBe(true)
    worker.signal('SIGTERM')
    const { code, ms } = await worker.endsWithin(10_000)
    expect(code).toBe(143)
    expect(ms).toBeLessThan(2_000)
    // Whoever claims the machine next ends what is left.
    expect(await fleet.events(id)).toEqual(['Started'])
  })
})
