import { v4 as newId } from 'uuid'
import { describe, expect, test } from 'vitest'
import type { Backoff } from '../src/index.ts'
import { testSession } from './setup.ts'
import { noBeats, pause, plainClient, rejection, untilWaiting } from './work-setup.ts'

async function nothingWritten() {
  const all = await testSession(60)
  const check = async () => {
    for (const table of ['work', 'work_history', 'work_backoff', 'work_tokens'])
      expect(await all.database.sql(`SELECT * FROM ${table}`)).toEqual([])
  }
  return { ...all, check }
}

/** The typed error for a bad argument, which begins with its name and shows its value. */
function invalid(...parts: string[]) {
  return expect.objectContaining({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(
      new RegExp(parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')),
    ) as string,
  }) as unknown
}

describe('promise 12: bad input to work is a typed error that names the value, and nothing is written', () => {
  test('a machine id that is no UUID', async () => {
    const { connection, session, check } = await nothingWritten()
    for (const bad of ['', 'x', '00000000-0000-0000-0000', 5 as unknown as string, undefined as unknown as string]) {
      const shown = typeof bad === 'string' ? JSON.stringify(bad) : String(bad)
      expect(await rejection(session.work(bad, 'P', () => {}))).toEqual(invalid('machineId', shown, 'UUID'))
      expect(await rejection(session.startWork('P', [newId(), bad]))).toEqual(invalid('retrieve[1]', shown, 'UUID'))
      expect(await rejection(session.startWork('P', () => [bad]))).toEqual(invalid('machine id 0', shown, 'UUID'))
      expect(await rejection(session.startWorkMany('P', [bad], { limit: 1 }))).toEqual(invalid(shown))
      expect(await rejection(connection.history(bad))).toEqual(invalid('machineId', shown, 'UUID'))
    }
    await check()
  })

  test('a process name that is empty, too long, or no text', async () => {
    const { session, machineId, check } = await nothingWritten()
    for (const bad of ['', 'x'.repeat(129), 'a\0b', 7 as unknown as string, null as unknown as string]) {
      expect(await rejection(session.work(machineId, bad, () => {}))).toEqual(invalid('process', '1 to 128'))
      expect(await rejection(session.startWork(bad, [machineId]))).toEqual(invalid('process', '1 to 128'))
      expect(await rejection(session.startWorkMany(bad, [machineId], { limit: 1 }))).toEqual(invalid('process'))
    }
    await check()
    expect(await session.work(machineId, 'é'.repeat(128), (work) => work.token)).toBe(1n)
  })

  test('a limit out of range, and one that is missing', async () => {
    const { connection, session, machineId, check } = await nothingWritten()
    for (const bad of [0, -1, 1.5, 1001, NaN, Infinity, '5' as unknown as number]) {
      expect(await rejection(session.startWorkMany('P', [machineId], { limit: bad }))).toEqual(invalid('limit'))
    }
    expect(await rejection(session.startWorkMany('P', [machineId], undefined as never))).toEqual(invalid('limit'))
    for (const bad of [0, 10_001, 1.5])
      expect(await rejection(connection.history(machineId, { limit: bad }))).toEqual(invalid('limit', String(bad)))
    expect(await rejection(connection.history(machineId, { before: 'x' }))).toEqual(invalid('before', '"x"', 'UUID'))
    for (const bad of [0, -1, NaN, Infinity])
      expect(await rejection(session.startWork('P', [machineId], { timeoutMs: bad }))).toEqual(invalid('timeoutMs'))
    await check()
  })

  test('a backoff with fractional seconds, a maximum under the initial, an exponent under 1, or no numbers', async () => {
    const { session, machineId, database } = await nothingWritten()
    const work = (await session.startWork('P', [machineId]))!
    const bad: [string, unknown][] = [
      ['backoff.initialSeconds', { initialSeconds: 1.5 }],
      ['backoff.initialSeconds', { initialSeconds: 0 }],
      ['backoff.initialSeconds', { initialSeconds: -60 }],
      ['backoff.initialSeconds', { initialSeconds: '60' }],
      ['backoff.initialSeconds', {}],
      ['backoff.maximumSeconds', { initialSeconds: 60, maximumSeconds: 59 }],
      ['backoff.maximumSeconds', { initialSeconds: 1, maximumSeconds: 2.5 }],
      ['backoff.exponent', { initialSeconds: 60, exponent: 0.9 }],
      ['backoff.exponent', { initialSeconds: 60, exponent: 0 }],
      ['backoff.exponent', { initialSeconds: 60, exponent: -1 }],
      ['backoff.exponent', { initialSeconds: 60, exponent: NaN }],
      ['backoff.exponent', { initialSeconds: 60, exponent: Infinity }],
      ['backoff.jitter', { initialSeconds: 60, jitter: 1 }],
      ['backoff', null],
      ['backoff', 60],
    ]
    for (const [name, value] of bad) {
      const backoff = value as Backoff
      expect(await rejection(work.fail('no', backoff))).toEqual(invalid(name))
      const called: unknown[] = []
      expect(await rejection(session.work(machineId, 'Q', (one) => called.push(one), { backoff }))).toEqual(
        invalid(name),
      )
      expect(called).toEqual([])
    }
    expect(await database.sql('SELECT process FROM work')).toEqual([{ process: 'P' }])
    expect(await database.sql('SELECT * FROM work_backoff')).toEqual([])
    await work.finish()
  })

  test('something else than a function, or than machine ids', async () => {
    const { session, machineId, check } = await nothingWritten()
    expect(await rejection(session.work(machineId, 'P', undefined as never))).toEqual(invalid('a function'))
    for (const bad of [undefined, null, 5, machineId, { 0: machineId }])
      expect(await rejection(session.startWork('P', bad as never))).toEqual(invalid('retrieve'))
    for (const bad of [undefined, null, machineId])
      expect(await rejection(session.startWork('P', () => bad as never))).toEqual(invalid('retrieve returned'))
    await check()
  })

  test('an unknown machine is MachineNotFoundError for work, and nothing to do for startWork', async () => {
    const { session, check } = await nothingWritten()
    const id = newId()
    const error = await rejection(session.work(id, 'P', () => {}))
    expect(error).toMatchObject({ code: 'ERR_MACHINE_NOT_FOUND', machineId: id })
    expect(error.message).toContain(id)
    expect(await session.startWork('P', [id])).toBeNull()
    await check()
  })
})

describe('promise 12: a claim never waits without a limit', () => {
  test('its time limit and its signal end it, with a typed error or the signal’s reason', async () => {
    const { connection, database, session, machineId } = await testSession(60)
    const never = () => new Promise<string[]>(() => {})
    expect(await rejection(session.startWork('P', never, { timeoutMs: 60 }))).toMatchObject({
      code: 'ERR_TRANSACTION_TIMEOUT',
    })
    const reason = new Error('enough')
    const stop = new AbortController()
    const waiting = rejection(session.startWorkMany('P', never, { limit: 2, signal: stop.signal }))
    stop.abort(reason)
    expect(await waiting).toBe(reason)
    const signal = AbortSignal.abort(reason)
    expect(await rejection(session.startWork('P', [machineId], { signal }))).toBe(reason)
    expect(await rejection(session.work(machineId, 'P', () => {}, { signal }))).toBe(reason)
    expect(await database.sql('SELECT * FROM work_history')).toEqual([])
    expect(await connection.history(machineId)).toEqual([])
  })

  test('a claim that waits for a lock ends by its limit, by its signal, and with its session', async () => {
    const { connection, database, session, machineId } = await testSession(60)
    const other = await connection.startSession(noBeats)
    await session.work(machineId, 'P', () => {})
    const client = await plainClient(database)
    await client.query('BEGIN')
    await client.query('SELECT * FROM work_tokens FOR UPDATE')
    const stop = new AbortController()
    const claims = [
      session.work(machineId, 'P', () => {}, { timeoutMs: 100 }),
      session.startWork('P', [machineId], { signal: stop.signal }),
      other.startWorkMany('P', [machineId], { limit: 1 }),
    ].map((claim) => rejection(claim))
    await untilWaiting(database, 3)
    stop.abort(new Error('enough'))
    await other.close()
    await pause(1)
    for (const claim of claims) expect(await claim).toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN' })
    await client.query('ROLLBACK')
  })
})
