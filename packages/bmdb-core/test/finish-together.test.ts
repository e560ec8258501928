import { describe, expect, test } from 'vitest'
import { count } from './helpers.ts'
import { faults } from './proxy.ts'
import { events, eventually, machinesBehindProxy, plainClient, rejection, untilWaiting } from './work-setup.ts'

const statement = 'bmdb_finish_many'

/** A session that holds that many machines, and all that is known of what is in the database. */
async function holding(machines: number) {
  const made = await machinesBehindProxy(machines)
  const works = await made.session.startWorkMany('P', made.machineIds, { limit: machines })
  expect(works).toHaveLength(machines)
  const histories = () => Promise.all(made.machineIds.map((id) => events(made.connection, id)))
  return { ...made, works, histories }
}

const finished = ['Started', 'Finished']

describe('finishes that are called in the same turn go in one statement', () => {
  test('each with its own history, its backoff cleared, and nobody else’s', async () => {
    const { database, connection, proxy, works, histories, session, machineIds } = await holding(4)
    const kept = (await session.startWork('Q', [machineIds[0]!]))!
    await database.sql(
      `INSERT INTO work_backoff (machine_id, process, until, cause, last_interval_seconds)
       SELECT machine_id, process, now(), 'before', 7 FROM machines, (VALUES ('P'), ('Q')) AS p (process)`,
    )
    const others = await (await connection.startSession()).startWork('R', machineIds)
    const before = proxy.counts.roundTrips
    await Promise.all(works.map((work) => work.finish()))
    expect(proxy.counts.roundTrips - before).toBe(1)
    expect(works.map((work) => [work.ended, work.signal.aborted])).toEqual(works.map(() => [true, false]))
    const left = await database.sql('SELECT DISTINCT process FROM work_backoff')
    expect(left).toEqual([{ process: 'Q' }])
    expect(await database.sql('SELECT process FROM work ORDER BY process')).toEqual([
      { process: 'Q' },
      { process: 'R' },
    ])
    expect((await histories()).flat().filter((event) => event === 'Finished')).toHaveLength(4)
    const tokens = await database.sql<{ ok: boolean }>(
      `SELECT bool_and(h.work_token = t.token AND h.session_id = $1::uuid) AS ok FROM work_history AS h
       JOIN work_tokens AS t ON t.machine_id = h.machine_id AND t.process = h.process WHERE h.event = 'Finished'`,
      session.id,
    )
    expect(tokens).toEqual([{ ok: true }])
    await kept.finish()
    await others!.cancel()
  })

  test.each(['cut before', 'cut after', 'cut between'] as const)(
    'promise 5: when its answer is lost (%s) all are reported as done, and done once',
    async (fault) => {
      const { database, proxy, works, histories } = await holding(3)
      const faulted = proxy.next(statement, faults[fault])
      await Promise.all(works.map((work) => work.finish()))
      await faulted
      expect(await histories()).toEqual(works.map(() => finished))
      expect(await count(database, 'work')).toBe(0)
    },
  )

  test('when the database refuses it each goes by itself', async () => {
    const { proxy, works, histories } = await holding(3)
    const refused = proxy.next(statement, {
      do: 'answer',
      with: { sqlState: '0A000', message: 'no SKIP LOCKED here' },
      when: 'instead',
    })
    await Promise.all(works.map((work) => work.finish()))
    await refused
    expect(await histories()).toEqual(works.map(() => finished))
  })

  test('promise 2: one that was lost says so, and takes no other with it', async () => {
    const { database, works, histories } = await holding(3)
    await database.sql('DELETE FROM work WHERE machine_id = $1::uuid', works[1]!.machineId)
    const ends = await Promise.allSettled(works.map((work) => work.finish()))
    expect(ends.map((end) => end.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((ends[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'ERR_WORK_LOST' })
    expect(await histories()).toEqual([finished, ['Started'], finished])
  })

  test('promise 2: after a takeover all are lost, and nothing is written for any', async () => {
    const { database, connection, works, session, histories, machineIds } = await holding(2)
    await database.sql(`UPDATE session_leases SET session_deadline = now() - interval '1 s'`)
    const other = await connection.startSession()
    expect(await other.startWorkMany('P', machineIds, { limit: 2 })).toHaveLength(2)
    const ends = await Promise.all(works.map((work) => rejection(work.finish())))
    expect(ends).toEqual(works.map(() => expect.objectContaining({ code: 'ERR_SESSION_EXPIRED' }) as unknown))
    expect(session.signal.aborted).toBe(true)
    expect(await histories()).toEqual(works.map(() => ['Started', 'Expired', 'Started']))
  })

  test('one whose row somebody has locked waits alone', async () => {
    const { database, works, histories } = await holding(3)
    const client = await plainClient(database)
    await client.query('BEGIN')
    await client.query('SELECT * FROM work WHERE machine_id = $1 FOR UPDATE', [works[0]!.machineId])
    const ends = works.map((work, index) => work.finish(undefined, index === 0 ? {} : { timeoutMs: 5_000 }))
    await Promise.all(ends.slice(1))
    await untilWaiting(database)
    expect(works[0]!.ended).toBe(false)
    await client.query('COMMIT')
    await ends[0]
    expect(await histories()).toEqual(works.map(() => finished))
  })

  test('one that was given up before it was sent is not done; it is still held', async () => {
    const { works, histories } = await holding(3)
    const reason = new Error('enough')
    const giving = new AbortController()
    const ends = works.map((work, index) => work.finish(undefined, index === 0 ? { signal: giving.signal } : {}))
    giving.abort(reason)
    expect(await rejection(ends[0]!)).toBe(reason)
    await Promise.all(ends.slice(1))
    expect(await histories()).toEqual([['Started'], finished, finished])
    await works[0]!.finish()
    expect(await histories()).toEqual(works.map(() => finished))
  })

  test('one that is given up gets its answer where that comes soon after', async () => {
    const { proxy, works, histories } = await holding(2)
    const faulted = proxy.next(statement, { do: 'delay', when: 'after', ms: 500 })
    const giving = new AbortController()
    const ends = works.map((work) => work.finish(undefined, { signal: giving.signal }))
    await faulted
    giving.abort(new Error('enough'))
    await Promise.all(ends)
    expect(works.map((work) => work.ended)).toEqual([true, true])
    expect(await histories()).toEqual(works.map(() => finished))
  })

  test('one that is given up with its answer outstanding: the outcome is unknown, and the others go on', async () => {
    const { database, proxy, works, histories } = await holding(3)
    const faulted = proxy.next(statement, faults['no answer'])
    const ends = works.map((work, index) => work.finish(undefined, index === 0 ? { timeoutMs: 300 } : {}))
    expect(await rejection(ends[0]!)).toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN' })
    await faulted
    proxy.cut()
    await Promise.all(ends.slice(1))
    await eventually('all ended', async () => (await count(database, 'work')) === 0)
    expect(await histories()).toEqual(works.map(() => finished))
  })
})
