import { describe, expect, onTestFinished, test } from 'vitest'
import { CommitOutcomeUnknownError } from '../src/index.ts'
import {
  count,
  eventually,
  expire,
  failInserts,
  forgetOutcomes,
  gate,
  plainClient,
  recordingMetrics,
  rejection,
} from './helpers.ts'
import { testDatabase, type TestDatabase } from './setup.ts'
import { faults, startProxy } from './proxy.ts'

async function sessionBehindProxy() {
  const database = await testDatabase()
  const { proxy, url } = await startProxy(database.url)
  const metrics = recordingMetrics()
  const connection = await database.open({ databaseUrl: url, metrics })
  const session = await connection.startSession({ intervalSeconds: 60 })
  onTestFinished(() => proxy.heal())
  return { database, proxy, connection, session, metrics }
}

/** Waits until a COMMIT is under way: in the slow trigger that `failInserts` put there. */
async function committing(database: TestDatabase): Promise<void> {
  await eventually('COMMIT is under way', async () => {
    const rows = await database.sql(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'`,
    )
    return rows.length > 0
  })
}

const slowCommit = { doing: 'PERFORM pg_sleep(0.7);' }

describe('promise 5: a lost answer is never reported as a failure or as a success', () => {
  test('a connection that breaks before COMMIT arrives: done again, and done once', async () => {
    const { database, proxy, session, metrics } = await sessionBehindProxy()
    const attempts: number[] = []
    const fault = proxy.next(/^COMMIT$/, faults['cut before'])
    const result = await session.transact(async (tx, { attempt }) => {
      attempts.push(attempt)
      await tx.machine.create({ data: {} })
      return attempt
    })
    await fault
    expect(result).toBe(2)
    expect(attempts).toEqual([1, 2])
    expect(await count(database, 'machines')).toBe(1)
    expect(metrics.counted('bmdb_transactions_total', { result: 'committed' })).toBe(1)
  })

  test.each(['cut after', 'cut between'] as const)(
    'a connection that breaks when COMMIT has arrived (%s): reported as it went, and done once',
    async (fault) => {
      const { database, proxy, session } = await sessionBehindProxy()
      const faulted = proxy.next(/^COMMIT$/, faults[fault])
      const attempt = await session.transact(async (tx, { attempt }) => {
        await tx.machine.create({ data: {} })
        return attempt
      })
      await faulted
      if (fault === 'cut after') expect(attempt).toBe(1)
      expect(await count(database, 'machines')).toBe(1)
    },
  )

  test('a connection that breaks while COMMIT takes its time: done once', async () => {
    const { database, proxy, session } = await sessionBehindProxy()
    await failInserts(database, slowCommit)
    const faulted = proxy.next(/^COMMIT$/, faults['cut between'])
    await session.transact((tx) => tx.machine.create({ data: {} }))
    await faulted
    expect(await count(database, 'machines')).toBe(1)
  })

  test('an answer to COMMIT that never comes: reported as committed, and done once', async () => {
    const { database, proxy, session } = await sessionBehindProxy()
    void proxy.next(/^COMMIT$/, faults['no answer'])
    const attempt = await session.transact(async (tx, { attempt }) => {
      await tx.machine.create({ data: {} })
      return attempt
    })
    expect(attempt).toBe(1)
    expect(await count(database, 'machines')).toBe(1)
  })

  test('a database that is silent from COMMIT on: the outcome is unknown, and not waited for without a limit', async () => {
    const { database, proxy, session, metrics } = await sessionBehindProxy()
    // The pool holds further connections, and they are as silent.
    const bothBegan = [gate(), gate()]
    await Promise.all(
      bothBegan.map(({ open }) =>
        session.transact(async () => {
          open()
          await Promise.all(bothBegan.map(({ opened }) => opened))
        }),
      ),
    )
    void proxy.next(/^COMMIT$/, faults.silence)
    const error = await rejection(session.transact((tx) => tx.machine.create({ data: {} }), { timeoutMs: 1_000 }))
    expect(error).toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN' })
    expect(error).toBeInstanceOf(CommitOutcomeUnknownError)
    expect(metrics.counted('bmdb_transactions_total', { result: 'unknown' })).toBe(1)
    expect(await count(database, 'machines')).toBe(1)
  })

  test.each(['40003', '57P01', '08006'])(
    'an error at COMMIT that says nothing of the outcome (%s) is asked after',
    async (sqlState) => {
      const { database, session } = await sessionBehindProxy()
      await failInserts(database, { sqlState })
      const attempts: number[] = []
      await session.transact(async (tx, { attempt }) => {
        attempts.push(attempt)
        await tx.machine.create({ data: {} })
      })
      expect(attempts).toEqual([1, 2])
      expect(await count(database, 'machines')).toBe(1)
    },
  )
})

describe('promise 5: verify decides what the database cannot tell', () => {
  async function unknownOutcome(verify?: () => Promise<boolean>) {
    const made = await sessionBehindProxy()
    await forgetOutcomes(made.database)
    made.proxy.cut()
    await made.session.transact(async () => {})
    const faulted = made.proxy.next(/^COMMIT$/, faults['cut after'])
    let attempts = 0
    const transacting = made.session.transact(
      async (tx) => {
        attempts += 1
        return (await tx.machine.create({ data: {} })).id
      },
      verify === undefined ? {} : { verify },
    )
    transacting.catch(() => {})
    await faulted
    return { ...made, transacting, attempts: () => attempts }
  }

  test('without it the outcome is unknown', async () => {
    const { database, transacting, attempts } = await unknownOutcome()
    expect(await rejection(transacting)).toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN' })
    expect(attempts()).toBe(1)
    expect(await count(database, 'machines')).toBe(1)
  })

  test('true: it was committed, and what the function returned comes out', async () => {
    const { database, transacting, attempts } = await unknownOutcome(async () => true)
    const returned = await transacting
    expect(await database.sql('SELECT machine_id FROM machines')).toEqual([{ machine_id: returned }])
    expect(attempts()).toBe(1)
  })

  test('false: it was not, and the function runs again', async () => {
    const { transacting, attempts } = await unknownOutcome(async () => false)
    await transacting
    expect(attempts()).toBe(2)
  })

  test('a verify that throws: the outcome is unknown, with its error as the cause', async () => {
    const cause = new Error('cannot look')
    const { transacting, attempts } = await unknownOutcome(() => Promise.reject(cause))
    expect(await rejection(transacting)).toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN', cause })
    expect(attempts()).toBe(1)
  })
})

describe('promise 5: once COMMIT was sent nothing changes what is reported', () => {
  test('neither the time limit nor the abort of the caller', async () => {
    const { database, session } = await sessionBehindProxy()
    await failInserts(database, slowCommit)
    const caller = new AbortController()
    const transacting = Promise.all([
      session.transact((tx) => tx.machine.create({ data: {} }), { signal: caller.signal }),
      session.transact((tx) => tx.machine.create({ data: {} }), { timeoutMs: 500 }),
    ])
    await committing(database)
    caller.abort(new Error('gone'))
    await transacting
    expect(await count(database, 'machines')).toBe(2)
  })

  test('nor the close of the session, which waits for it', async () => {
    const { database, session } = await sessionBehindProxy()
    await failInserts(database, slowCommit)
    const transacting = session.transact((tx) => tx.machine.create({ data: {} }))
    await committing(database)
    await session.close()
    await transacting
    expect(await count(database, 'machines')).toBe(1)
    expect(await count(database, 'sessions')).toBe(0)
  })

  test('nor the loss of the session', async () => {
    const { database, connection } = await sessionBehindProxy()
    const session = await connection.startSession({ intervalSeconds: 1 })
    await failInserts(database, { doing: 'PERFORM pg_sleep(1.2);' })
    const locked = gate()
    const transacting = session.transact(async (tx) => {
      await tx.machine.create({ data: {} })
      const other = await plainClient(database)
      await other.query('BEGIN')
      await other.query('SELECT 1 FROM session_leases FOR UPDATE')
      locked.open()
    })
    await locked.opened
    await transacting
    expect(session.signal.reason).toMatchObject({ reason: 'deadline' })
    expect(await count(database, 'machines')).toBe(1)
  })
})

describe('promise 5: BMDB’s own statements', () => {
  test.each(['cut before', 'cut after', 'cut between'] as const)('a session is started once (%s)', async (fault) => {
    const { database, proxy, connection } = await sessionBehindProxy()
    const faulted = proxy.next('bmdb_start_session', faults[fault])
    const session = await connection.startSession({ intervalSeconds: 60 })
    await faulted
    const rows = await database.sql<{ session_id: string }>('SELECT session_id FROM session_status')
    expect(rows.map((row) => row.session_id)).toContain(session.id)
    expect(rows).toHaveLength(2)
    await session.transact((tx) => tx.machine.create({ data: {} }))
  })

  test.each(['cut before', 'cut after', 'cut between'] as const)('a session is closed (%s)', async (fault) => {
    const { database, proxy, session } = await sessionBehindProxy()
    const faulted = proxy.next(/^COMMIT$/, faults[fault])
    await session.close()
    await faulted
    expect(await count(database, 'sessions')).toBe(0)
  })

  test.each(['cut before', 'cut after', 'cut between'] as const)('an expired session is swept (%s)', async (fault) => {
    const { database, proxy, connection, session } = await sessionBehindProxy()
    await expire(database, session.id)
    const faulted = proxy.next(/^COMMIT$/, faults[fault])
    await connection.sweep()
    await faulted
    expect(await count(database, 'sessions')).toBe(0)
  })
})
