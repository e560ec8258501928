import { describe, expect, test } from 'vitest'
import { testSession, type TestDatabase } from './setup.ts'
import { eventually, events, expire, gate, noBeats, pause, plainClient, rejection, untilWaiting } from './work-setup.ts'

describe('work.signal', () => {
  test('never aborts on a normal end, also not when beats come between', async () => {
    const { session, machineId } = await testSession(2)
    const signals: AbortSignal[] = []
    const start = async () => {
      const work = (await session.startWork('P', [machineId], { ignoreBackoff: true }))!
      signals.push(work.signal)
      return work
    }
    await (await start()).finish()
    await (await start()).fail('no')
    await (await start()).cancel()
    await (
      await start()
    ).finish(async () => {
      await pause(900)
    })
    await pause(900)
    expect(signals.map((signal) => signal.aborted)).toEqual([false, false, false, false])
    expect(session.signal.aborted).toBe(false)
  })

  test('a beat notices a work row that was deleted: WorkLostError with reason `deleted`, and the session goes on', async () => {
    const { database, session, machineId } = await testSession(2)
    const work = (await session.startWork('P', [machineId]))!
    await session.startWork('Q', [machineId])
    await database.sql(`DELETE FROM work WHERE process = 'P'`)
    await eventually('the abort', () => work.signal.aborted)
    expect(work.signal.reason).toMatchObject({ code: 'ERR_WORK_LOST', reason: 'deleted', machineId, token: 1n })
    expect(session.signal.aborted).toBe(false)
    expect(await rejection(work.finish())).toBe(work.signal.reason)
  })

  test('a beat that finds the session gone aborts its work, with the session’s reason', async () => {
    const { database, session, machineId } = await testSession(2)
    const work = (await session.startWork('P', [machineId]))!
    await expire(database, session)
    await eventually('the abort', () => work.signal.aborted)
    expect(work.signal.reason).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'deadline' })
    expect(work.signal.reason).toBe(session.signal.reason)
  })

  test('closing the session aborts its work at once, with reason `closed`', async () => {
    const { session, machineId } = await testSession(60)
    const work = (await session.startWork('P', [machineId]))!
    const closing = session.close()
    expect(work.signal.reason).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'closed' })
    await closing
  })

  test('a transact beside the finish that ends the work does not make a loss of it', async () => {
    const { session, machineId } = await testSession(60)
    for (let round = 0; round < 10; round++) {
      const work = (await session.startWork('P', [machineId]))!
      const begun = gate()
      const transacting = work
        .transact(async () => {
          begun.open()
          await pause(5)
        })
        .then(undefined, (error: unknown) => error as { code: string })
      await begun.opened
      const again = work.transact(async () => {}).then(undefined, (error: unknown) => error as { code: string })
      await work.finish(async () => {})
      for (const end of [await transacting, await again])
        if (end !== undefined) expect(end).toMatchObject({ code: 'ERR_WORK_ENDED' })
      expect(work.signal.aborted).toBe(false)
    }
  })
})

/** Resolves once no claim is running any more. */
async function untilIdle(database: TestDatabase): Promise<void> {
  await eventually('the end of the claim', async () => {
    const rows = await database.sql(
      `SELECT 1 FROM pg_stat_activity
       WHERE datname = current_database() AND state = 'active' AND query LIKE '%INSERT INTO work_tokens%'
         AND pid <> pg_backend_pid()`,
    )
    return rows.length === 0
  })
}

describe('a claim that was given up before its answer came', () => {
  async function abandonedClaim(busy: boolean) {
    const all = await testSession(2)
    const { database, connection, session, machineId } = all
    await (await session.startWork('P', [machineId]))!.cancel()
    const client = await plainClient(database)
    // The server may notice that nobody waits for the answer before it has the lock: then the claim did not happen.
    for (let happened = false; !happened; happened = (await database.sql('SELECT * FROM work')).length > 0) {
      await client.query('BEGIN')
      await client.query('SELECT * FROM work_tokens FOR UPDATE')
      // Long enough that it waits for the lock before it is given up, on a busy machine too.
      const claiming = rejection(session.startWork('P', [machineId], { timeoutMs: 1_000 }))
      await untilWaiting(database)
      expect(await claiming).toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN' })
      await client.query('COMMIT')
      await untilIdle(database)
    }
    const stop = new AbortController()
    const looking = Array.from({ length: busy ? 3 : 0 }, async () => {
      while (!stop.signal.aborted) await session.startWork('Q', () => pause(2).then(() => []))
    })
    const cancelled = eventually('the cancellation', async () => (await events(connection, machineId)).at(3))
    const event = await cancelled.finally(() => stop.abort())
    await Promise.all(looking)
    expect(event).toBe('Canceled')
    expect(await database.sql('SELECT * FROM work')).toEqual([])
    const other = await connection.startSession(noBeats)
    expect((await other.startWork('P', [machineId]))?.token).toBe(3n)
  }

  test('is cancelled by later beats', () => abandonedClaim(false))
  test('is cancelled by later beats of a program that never stops claiming', () => abandonedClaim(true))
})
