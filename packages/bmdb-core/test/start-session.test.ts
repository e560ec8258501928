import { describe, expect, test } from 'vitest'
import { isBMDBError } from '../src/index.ts'
import { count, eventually, plainClient, rejection, somebodyWaits } from './helpers.ts'
import { testSession } from './setup.ts'

describe('starting a session', () => {
  test.each([0, 3601, 1.5, -1, NaN, '5'])('refuses an interval of %s', async (intervalSeconds) => {
    const { database, connection } = await testSession()
    const error = await rejection(connection.startSession({ intervalSeconds: intervalSeconds as number }))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(error.message).toMatch(/^intervalSeconds is .*, it must be a whole number from 1 to 3600$/)
    expect(await count(database, 'sessions')).toBe(1)
  })

  test('rejects with the reason of a signal that has aborted, and leaves no row', async () => {
    const { database, connection } = await testSession()
    const mine = new Error('never mind')
    expect(await rejection(connection.startSession({ signal: AbortSignal.abort(mine) }))).toBe(mine)
    expect(await count(database, 'sessions')).toBe(1)
  })

  test('rejects with the reason of a signal that aborts while it starts, and leaves no row', async () => {
    const { database, connection } = await testSession()
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('LOCK TABLE sessions IN EXCLUSIVE MODE')
    const caller = new AbortController()
    const starting = rejection(connection.startSession({ signal: caller.signal }))
    await somebodyWaits(database, 'INSERT INTO sessions')
    const mine = new Error('never mind')
    caller.abort(mine)
    await other.query('ROLLBACK')
    expect(await starting).toBe(mine)
    await eventually('its row is gone', async () => (await count(database, 'sessions')) === 1)
  })

  test('leaves no row when the connection is closed meanwhile', async () => {
    const { database, connection } = await testSession()
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('LOCK TABLE sessions IN EXCLUSIVE MODE')
    const starting = rejection(connection.startSession())
    await somebodyWaits(database, 'INSERT INTO sessions')
    const closing = connection.close()
    await other.query('ROLLBACK')
    expect(await starting).toMatchObject({ code: 'ERR_CLOSED' })
    await closing
    expect(await count(database, 'sessions')).toBe(0)
  })

  test('gives up at its time limit', async () => {
    const { database, connection } = await testSession()
    const other = await plainClient(database)
    await other.query('BEGIN')
    await other.query('LOCK TABLE sessions IN EXCLUSIVE MODE')
    const error = await rejection(connection.startSession({ timeoutMs: 100 }))
    // Which of the two depends on whether the server answers that it was cut off.
    expect(isBMDBError(error, 'ERR_TRANSACTION_TIMEOUT') || isBMDBError(error, 'ERR_COMMIT_OUTCOME_UNKNOWN')).toBe(true)
    await other.query('ROLLBACK')
  })
})
