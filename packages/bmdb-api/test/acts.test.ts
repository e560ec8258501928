import { startWireProxy } from '@bmdb/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { BulkDone, Done, HistoryEvent, Page, VerbName } from '../src/index.ts'
import { verbs } from '../src/index.ts'
import { session } from './fleet.ts'
import { api, asking, open, serve } from './setup.ts'

const newMachine = '10000000-0000-4000-8000-000000000001'

describe('an operator', () => {
  test('can do every verb, once, with a row in the history that says who and why', async () => {
    const { connection, machineIds, act, read } = await api(1)
    const machineId = machineIds[0]
    const holder = await session(connection)
    const work = await holder.startWork('Install', [machineId])
    const onMachine = { machineId }
    const onProcess = { process: 'Inventory' }
    const onBoth = { ...onMachine, ...onProcess }
    const bodies: [verb: VerbName, body: object, action: string, again: boolean][] = [
      ['addMachine', { id: newMachine }, 'add machine', false],
      ['lockOut', { ...onMachine, seconds: 60 }, 'lock out', true],
      ['endLockOut', onMachine, 'end lock-out', false],
      ['setFailureDomain', { ...onMachine, kind: 'rack', domain: 'r1' }, 'set failure domain', true],
      ['setFailureDomain', { ...onMachine, kind: 'rack', domain: null }, 'set failure domain', false],
      ['pause', onProcess, 'pause', false],
      ['resume', onProcess, 'resume', false],
      ['setBackoff', { ...onBoth, seconds: 60 }, 'set backoff', true],
      ['clearBackoff', onBoth, 'clear backoff', false],
      ['park', onBoth, 'park', false],
      ['unpark', onBoth, 'unpark', false],
      [
        'release',
        { ...onMachine, process: 'Install', token: String(work!.token), graceSeconds: 0 },
        'release by force',
        false,
      ],
      ['endSession', { sessionId: holder.id }, 'end session', false],
      ['retire', onMachine, 'retire', false],
      ['returnToService', onMachine, 'return to service', false],
      ['deleteMachine', { machineId: newMachine }, 'delete machine', false],
    ]
    expect(new Set(bodies.map(([name]) => name))).toEqual(new Set(Object.keys(verbs)))
    for (const [name, body, action, again] of bodies) {
      const { noun, verb } = verbs[name]
      const reason = `because of ${name}`
      const done: Done = await act(`${noun}/${verb}`, { ...body, reason })
      expect(done.done, name).toBe(true)
      const history: Page<HistoryEvent> = await read(`history?kind=operator&limit=1`)
      expect(history.rows[0], name).toMatchObject({ operator: 'anna', action, reason })
      if (name === 'deleteMachine') continue
      expect(await act(`${noun}/${verb}`, { ...body, reason }), name).toMatchObject({ done: again })
    }
  })

  test('gets the id of a machine that was added', async () => {
    const { act, read } = await api(0)
    const { machineId }: Done = await act('machines/add', { reason: 'new' })
    expect(await read(`machines/${machineId}`)).toMatchObject({ machine: { id: machineId } })
  })

  test('releases only what is held under the token that was shown', async () => {
    const { connection, machineIds, act, read } = await api(1)
    const holder = await session(connection)
    const first = await holder.startWork('Install', machineIds)
    await first!.cancel()
    await holder.startWork('Install', machineIds)
    const body = { machineId: machineIds[0], process: 'Install', graceSeconds: 0, reason: 'stuck' }
    const released: Done = await act('work/release', { ...body, token: String(first!.token) })
    expect(released).toEqual({ done: false, outcome: 'not held' })
    expect(await read('work')).toMatchObject({ rows: [{ process: 'Install' }] })
  })

  test('sees at once what came of an act, in what is shared by all too', async () => {
    const { act, read } = await api(1)
    expect(await read('overview')).toMatchObject({ processes: [], machines: { inService: 1 } })
    await act('processes/pause', { process: 'Install', reason: 'x' })
    await act('machines/add', { reason: 'x' })
    const { counts: _, ...paused } = { process: 'Install', pausedBy: 'anna', counts: null }
    expect(await read('overview')).toMatchObject({
      processes: [paused],
      machines: { inService: 2 },
      attention: { paused: [paused] },
    })
    expect(await read('processes')).toMatchObject([paused])
  })
})

describe('an act on everything that matches', () => {
  test('counts first, and changes nothing then', async () => {
    const { connection, machineIds, act, read } = await api(3)
    for (const machineId of machineIds) await connection.operator('otto').park(machineId, 'Install', { reason: 'x' })
    const body = { filter: { process: 'Install' }, dryRun: true }
    for (const given of [body, { ...body, reason: 'x' }])
      expect(await act('backoffs/unpark-matching', given)).toMatchObject({
        matched: 3,
        done: 0,
        failed: 0,
        failures: [],
        next: null,
      })
    expect(await read('backoffs?parked=true')).toMatchObject({ rows: [{}, {}, {}] })
  })

  test('does no more than a hundred at a time, and all of them in the end', async () => {
    const { database, connection, act } = await api(1)
    await database.sql(`INSERT INTO machines (machine_id) SELECT gen_random_uuid() FROM generate_series(1, 120);`)
    await database.sql(
      `INSERT INTO work_backoff (machine_id, process, until, cause, parked_at, parked_by, parked_reason)
       SELECT machine_id, 'Install', now(), 'x', now(), 'otto', 'x' FROM machines`,
    )
    const body = { filter: {}, reason: 'all is well again' }
    const first: BulkDone = await act('backoffs/unpark-matching', body)
    expect(first).toMatchObject({ matched: 100, done: 100, failures: [], next: expect.any(String) as string })
    const second: BulkDone = await act('backoffs/unpark-matching', { ...body, after: first.next })
    expect(second).toMatchObject({ matched: 21, done: 21, failed: 0, failures: [], next: null })
    expect((await connection.fleet.backoffs()).rows).toEqual([])
  })

  test('leaves what does not match', async () => {
    const { connection, machineIds, act } = await api(2)
    const operator = connection.operator('otto')
    await operator.setBackoff(machineIds[0], 'Install', 60, { reason: 'x' })
    await operator.setBackoff(machineIds[1], 'Inventory', 60, { reason: 'x' })
    await operator.park(machineIds[1], 'Install', { reason: 'x' })
    const cleared = await act('backoffs/clear-matching', { filter: { process: 'Install' }, reason: 'x' })
    expect(cleared).toMatchObject({ matched: 1, done: 1 })
    const { rows } = await connection.fleet.backoffs()
    expect(rows.map(({ process, machineId }) => [process, machineId])).toEqual([
      ['Install', machineIds[1]],
      ['Inventory', machineIds[1]],
    ])
  })

  test('releases work and ends sessions', async () => {
    const { connection, machineIds, act, read } = await api(3)
    const holder = await session(connection)
    await holder.startWorkMany('Install', machineIds, { limit: 2 })
    await holder.startWork('Inventory', machineIds)
    const released = await act('work/release-matching', { filter: { process: 'Install' }, reason: 'x' })
    expect(released).toMatchObject({ matched: 2, done: 2, failed: 0, failures: [], next: null })
    expect(await read('work')).toMatchObject({ rows: [{ process: 'Inventory' }] })
    const ended = await act('sessions/end-matching', { filter: { component: 'test' }, reason: 'x' })
    expect(ended).toMatchObject({ matched: 1, done: 1, failed: 0, failures: [], next: null })
    expect(await read('work')).toEqual({ rows: [], next: null })
  })

  test('leaves sessions that began after they were counted', async () => {
    const { connection, act } = await api(0)
    const counted = await session(connection)
    const body = { filter: { component: 'test' } }
    const { at }: BulkDone = await act('sessions/end-matching', { ...body, dryRun: true })
    const later = await session(connection)
    const ended = await act('sessions/end-matching', { ...body, before: at, reason: 'they hang' })
    expect(ended).toMatchObject({ matched: 1, done: 1 })
    expect((await connection.fleet.sessions()).rows.map(({ id }) => id)).toEqual([later.id])
    expect((await connection.fleet.endedSessions()).rows.map(({ id }) => id)).toEqual([counted.id])
  })

  test('leaves what was claimed after it was looked at', async () => {
    const { database, connection, machineIds } = await api(1)
    const proxy = await startWireProxy(database.url)
    onTestFinished(() => proxy.close())
    const { act } = asking(await serve(await open(proxy.url)))
    const holder = await session(connection)
    const first = await holder.startWork('Install', machineIds)
    const looked = proxy.next('bmdb_find_work', { do: 'delay', ms: 1_000, when: 'before' })
    const acting = act('work/release-matching', { filter: {}, reason: 'x' })
    await looked
    await first!.cancel()
    const second = await holder.startWork('Install', machineIds)
    expect(await acting).toMatchObject({ matched: 1, done: 0, failed: 0, failures: [], next: null })
    const { rows } = await connection.fleet.work()
    expect(rows.map(({ token }) => token)).toEqual([String(second!.token)])
  })

  test('gives holders the time that it was told to give, all of them at once', async () => {
    const { connection, machineIds, act } = await api(3)
    const holder = await session(connection)
    await holder.startWorkMany('Install', machineIds, { limit: 3 })
    const beganMs = performance.now()
    const body = { filter: { graceSeconds: 1 }, reason: 'x' }
    expect(await act('work/release-matching', body)).toMatchObject({ matched: 3, done: 3 })
    const tookMs = performance.now() - beganMs
    expect(tookMs).toBeGreaterThan(990)
    expect(tookMs).toBeLessThan(2_900)
  })
})
