import { describe, expect, it } from 'vitest'
import { cockroachErrors } from '../src/index.ts'
import { activity, behindProxy, connected, eventually, isPending, outcomes } from './support/databases.ts'

const insert = 'INSERT INTO rows VALUES (1)'
const aborted = '25P02'

describe('a statement that is cut', () => {
  it('before: never reaches the server, and the connection breaks', async () => {
    const { proxy, connect, rows, database } = await behindProxy()
    const client = await connect()
    const happened = proxy.next(/^COMMIT/, { do: 'cut', when: 'before' })
    await client.query('BEGIN')
    await client.query(insert)
    expect(await outcomes(client, 'COMMIT')).toEqual(['broken'])
    await happened
    await eventually('the server has seen it', async () => (await activity(database)).length === 0)
    expect(await rows()).toEqual([])
  })

  it('during: the connection breaks while the server is at it, and the server goes on', async () => {
    const { proxy, connect, rows, database } = await behindProxy()
    const client = await connect()
    // The server would give up if its own side broke too soon.
    await client.query('SET client_connection_check_interval = 20')
    const other = await connected(database.url, { application_name: 'other' })
    await other.query('BEGIN')
    await other.query(insert)
    const happened = proxy.next('INSERT', { do: 'cut', when: 'during' })
    const inserting = outcomes(client, insert.replace('(1)', '(1), (2)') + ' ON CONFLICT DO NOTHING')
    await happened
    expect(await inserting).toEqual(['broken'])
    await eventually('it waits', async () => (await activity(database))[0]?.wait === 'transactionid')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await rows()).toEqual([])
    await other.query('COMMIT')
    await eventually('it has gone', async () => (await activity(database)).length === 0)
    expect(await rows()).toEqual([1, 2])
  })

  it('after: the server has answered when the connection breaks, and what was asked before is still answered', async () => {
    const { proxy, connect, rows } = await behindProxy()
    const client = await connect()
    const happened = proxy.next(/^COMMIT/, { do: 'cut', when: 'after' })
    const outcome = outcomes(client, 'BEGIN', insert, 'COMMIT', 'INSERT INTO rows VALUES (2)')
    await happened
    expect(await rows()).toEqual([1])
    expect(await outcome).toEqual(['BEGIN', 'INSERT', 'broken', 'broken'])
    expect(await rows()).toEqual([1])
  })

  it.each(['before', 'during', 'after'] as const)('%s: abruptly, if asked to', async (when) => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    void proxy.next('INSERT', { do: 'cut', when, how: 'reset' })
    expect(await outcomes(client, insert)).toEqual(['ECONNRESET'])
  })
})

describe('an error that is made up', () => {
  const made = { do: 'answer', with: { sqlState: '23ABC', message: 'nobody' } } as const

  it('carries what it was given', async () => {
    const { proxy, connect, rows } = await behindProxy()
    const client = await connect()
    void proxy.next('INSERT', { ...made, when: 'instead' })
    await expect(client.query(insert)).rejects.toMatchObject({ severity: 'ERROR', code: '23ABC', message: 'nobody' })
    expect(await outcomes(client, 'SELECT 1')).toEqual(['SELECT'])
    expect(await rows()).toEqual([])
  })

  it('instead: outside a transaction nothing is done', async () => {
    const { proxy, connect, rows } = await behindProxy()
    const client = await connect()
    const happened = proxy.next('INSERT', { ...made, when: 'instead' })
    expect(await outcomes(client, 'SELECT 1', insert, 'SELECT 2')).toEqual(['SELECT', '23ABC', 'SELECT'])
    await happened
    expect(await rows()).toEqual([])
    expect(client.getTransactionStatus()).toBe('I')
  })

  it('after: outside a transaction it is done', async () => {
    const { proxy, connect, rows } = await behindProxy()
    const client = await connect()
    const happened = proxy.next('INSERT', { ...made, when: 'after' })
    expect(await outcomes(client, 'SELECT 1', insert, 'SELECT 2')).toEqual(['SELECT', '23ABC', 'SELECT'])
    await happened
    expect(await rows()).toEqual([1])
  })

  it.each(['instead', 'after'] as const)(
    '%s: fails the transaction that it is in, for both sides, also when all was sent ahead',
    async (when) => {
      const { proxy, connect, rows } = await behindProxy()
      const client = await connect()
      void proxy.next('INSERT', { ...made, when })
      const transaction = ['BEGIN', insert, 'SELECT 1', 'COMMIT', 'SELECT 2']
      // The server itself refuses what follows, and answers COMMIT with ROLLBACK.
      expect(await outcomes(client, ...transaction)).toEqual(['BEGIN', '23ABC', aborted, 'ROLLBACK', 'SELECT'])
      expect(await rows()).toEqual([])
      void proxy.next('INSERT', { ...made, when })
      expect(await outcomes(client, 'BEGIN', insert)).toEqual(['BEGIN', '23ABC'])
      expect(client.getTransactionStatus()).toBe('E')
      expect(await outcomes(client, 'SELECT 1', 'ROLLBACK', insert)).toEqual([aborted, 'ROLLBACK', 'INSERT'])
      expect(await rows()).toEqual([1])
    },
  )

  it.each(['instead', 'after'] as const)('%s: a savepoint is a way back from it', async (when) => {
    const { proxy, connect, rows } = await behindProxy()
    const client = await connect()
    void proxy.next(insert, { ...made, when })
    const transaction = ['BEGIN', 'INSERT INTO rows VALUES (7)', 'SAVEPOINT here', insert, 'ROLLBACK TO here', 'COMMIT']
    expect(await outcomes(client, ...transaction)).toEqual([
      ...['BEGIN', 'INSERT', 'SAVEPOINT', '23ABC'],
      ...['ROLLBACK', 'COMMIT'],
    ])
    expect(await rows()).toEqual([7])
  })

  it('instead of COMMIT: the transaction is rolled back, and both sides know that it has ended', async () => {
    const { proxy, connect, rows, database } = await behindProxy()
    const client = await connect()
    void proxy.next(/^COMMIT/, { do: 'answer', with: cockroachErrors.restartTransaction, when: 'instead' })
    expect(await outcomes(client, 'BEGIN', insert, 'COMMIT')).toEqual(['BEGIN', 'INSERT', '40001'])
    expect(client.getTransactionStatus()).toBe('I')
    expect(await activity(database)).toMatchObject([{ state: 'idle' }])
    expect(await rows()).toEqual([])
  })

  it('after COMMIT: it was committed', async () => {
    const { proxy, connect, rows } = await behindProxy()
    const client = await connect()
    void proxy.next(/^COMMIT/, { do: 'answer', with: cockroachErrors.ambiguous, when: 'after' })
    expect(await outcomes(client, 'BEGIN', insert, 'COMMIT', 'SELECT 1')).toEqual([
      ...['BEGIN', 'INSERT', '40003', 'SELECT'],
    ])
    expect(client.getTransactionStatus()).toBe('I')
    expect(await rows()).toEqual([1])
  })

  it.each(['instead', 'after'] as const)('%s BEGIN: no transaction is open, on either side', async (when) => {
    const { proxy, connect, rows } = await behindProxy()
    const client = await connect()
    void proxy.next('BEGIN', { ...made, when })
    expect(await outcomes(client, 'BEGIN', insert, 'ROLLBACK')).toEqual(['23ABC', 'INSERT', 'ROLLBACK'])
    expect(await rows()).toEqual([1])
  })

  it('is told simple queries as well', async () => {
    const { proxy, connect, rows } = await behindProxy()
    const client = await connect()
    void proxy.next('rows', { ...made, when: 'instead' })
    const error = await client.query(`BEGIN; ${insert}; COMMIT`).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: '23ABC' })
    expect(await rows()).toEqual([])
    expect(client.getTransactionStatus()).toBe('I')
  })

  it.each(['instead', 'after'] as const)('%s: a fatal one closes the connection, on both sides', async (when) => {
    const { proxy, connect, rows, database } = await behindProxy()
    const client = await connect()
    const happened = proxy.next('INSERT', { do: 'answer', with: cockroachErrors.draining, when })
    expect(await outcomes(client, 'SELECT 1', insert, 'SELECT 2')).toEqual(['SELECT', '57P01', 'broken'])
    await happened
    await eventually('the server has seen it', async () => (await activity(database)).length === 0)
    expect(await rows()).toEqual(when === 'after' ? [1] : [])
  })
})

describe('a statement that is held', () => {
  it('before: the server gets what was sent before it and no more, until the network is restored', async () => {
    const { proxy, connect, rows, database } = await behindProxy()
    const client = await connect()
    const happened = proxy.next(/^COMMIT/, { do: 'hold', when: 'before' })
    const outcome = outcomes(client, 'BEGIN', insert, 'COMMIT', 'INSERT INTO rows VALUES (2)')
    await happened
    await eventually('it stands', async () => (await activity(database))[0]?.state === 'idle in transaction')
    expect(await isPending(outcome)).toBe(true)
    expect(await rows()).toEqual([])
    proxy.restore()
    expect(await outcome).toEqual(['BEGIN', 'INSERT', 'COMMIT', 'INSERT'])
    expect(await rows()).toEqual([1, 2])
  })

  it('after: the server has done it, and the answer does not come until the network is restored', async () => {
    const { proxy, connect, rows } = await behindProxy()
    const client = await connect()
    const happened = proxy.next(/^COMMIT/, { do: 'hold', when: 'after' })
    const outcome = outcomes(client, 'BEGIN', insert, 'COMMIT', 'INSERT INTO rows VALUES (2)')
    await happened
    expect(await rows()).toEqual([1])
    expect(await isPending(outcome)).toBe(true)
    expect(await rows()).toEqual([1])
    proxy.restore()
    expect(await outcome).toEqual(['BEGIN', 'INSERT', 'COMMIT', 'INSERT'])
  })

  it('lets other connections pass', async () => {
    const { proxy, connect } = await behindProxy()
    const [client, other] = [await connect(), await connect()]
    const happened = proxy.next('INSERT', { do: 'hold', when: 'before' })
    void outcomes(client, insert)
    await happened
    expect(await outcomes(other, 'SELECT 1')).toEqual(['SELECT'])
    expect(await outcomes(await connect(), 'SELECT 1')).toEqual(['SELECT'])
  })

  it.each(['before', 'after'] as const)('%s: with all others, if asked to, new ones too', async (when) => {
    const { proxy, connect, rows } = await behindProxy()
    const [client, other] = [await connect(), await connect()]
    const happened = proxy.next('INSERT', { do: 'hold', when, all: true })
    const inserting = outcomes(client, insert)
    await happened
    const waiting = Promise.all([outcomes(other, 'SELECT 1'), connect().then((late) => outcomes(late, 'SELECT 1'))])
    expect(await isPending(waiting)).toBe(true)
    expect(await rows()).toEqual(when === 'after' ? [1] : [])
    proxy.restore()
    expect(await waiting).toEqual([['SELECT'], ['SELECT']])
    expect(await inserting).toEqual(['INSERT'])
  })
})

describe('a statement that is delayed', () => {
  it.each(['before', 'after'] as const)('%s: by that much, with what is behind it', async (when) => {
    const { proxy, connect, rows } = await behindProxy()
    const client = await connect()
    const happened = proxy.next('INSERT', { do: 'delay', when, ms: 300 })
    const startMs = performance.now()
    const outcome = outcomes(client, insert, 'SELECT 1')
    await happened
    expect(await rows()).toEqual(when === 'after' ? [1] : [])
    expect(await outcome).toEqual(['INSERT', 'SELECT'])
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(299)
    expect(await rows()).toEqual([1])
  })
})
