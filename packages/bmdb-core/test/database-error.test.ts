import { describe, expect, test } from 'vitest'
import {
  asUnavailable,
  constraintOf,
  judge,
  PoolFullError,
  retryReason,
  sqlState,
} from '../src/database/database-error.ts'
import { DatabaseUnavailableError } from '../src/index.ts'

/** An error as a server sends it. */
const server = (code: string): Error => Object.assign(new Error('from the server'), { code, severity: 'ERROR' })
/** An error as the operating system or the driver make it. */
const driver = (code?: string): Error => Object.assign(new Error('from the driver'), code === undefined ? {} : { code })

describe('promise 5 and 6: what an error means depends on its code and on the phase', () => {
  // [code, starting, running, committing]
  test.each([
    ['40001', 'retry', 'retry', 'retry'],
    ['40P01', 'retry', 'retry', 'retry'],
    ['CR000', 'retry', 'retry', 'retry'],
    ['40003', 'final', 'final', 'unknown'],
    ['57P01', 'retry', 'retry', 'unknown'],
    ['57P02', 'retry', 'retry', 'unknown'],
    ['57P03', 'retry', 'retry', 'unknown'],
    ['57P05', 'retry', 'retry', 'unknown'],
    ['25P03', 'retry', 'retry', 'unknown'],
    ['25P04', 'retry', 'retry', 'unknown'],
    ['08000', 'retry', 'retry', 'unknown'],
    ['08006', 'retry', 'retry', 'unknown'],
    ['53300', 'retry', 'retry', 'unknown'],
    ['53400', 'retry', 'retry', 'unknown'],
    ['55P03', 'final', 'final', 'unknown'],
    ['XXA00', 'final', 'final', 'committed'],
    ['57014', 'final', 'final', 'unknown'],
    ['XX000', 'final', 'final', 'unknown'],
    ['XXUUU', 'final', 'final', 'unknown'],
    ['53200', 'final', 'final', 'unknown'],
    ['58C00', 'final', 'final', 'unknown'],
    ['23505', 'final', 'final', 'final'],
    ['23503', 'final', 'final', 'final'],
    ['22012', 'final', 'final', 'final'],
    ['25P02', 'final', 'final', 'final'],
    ['42P01', 'final', 'final', 'final'],
    ['44000', 'final', 'final', 'final'],
    ['P0001', 'final', 'final', 'final'],
    ['28P01', 'final', 'final', 'unknown'],
    ['3D000', 'final', 'final', 'unknown'],
  ] as const)('%s: starting %s, running %s, committing %s', (code, starting, running, committing) => {
    for (const broken of [false, true]) {
      expect(judge(server(code), 'starting', broken)).toBe(starting)
      expect(judge(server(code), 'running', broken)).toBe(running)
      expect(judge(server(code), 'committing', broken)).toBe(committing)
    }
  })

  test.each([driver('ECONNRESET'), driver('EPIPE'), driver('ETIMEDOUT'), driver(), new PoolFullError(1, undefined)])(
    '$message $code means what the connection means, and at COMMIT nothing at all',
    (error) => {
      expect(judge(error, 'starting', true)).toBe('retry')
      expect(judge(error, 'starting', false)).toBe('retry')
      expect(judge(error, 'running', true)).toBe('retry')
      expect(judge(error, 'running', false)).toBe('final')
      expect(judge(error, 'committing', true)).toBe('unknown')
      expect(judge(error, 'committing', false)).toBe('unknown')
    },
  )
})

describe('an SQLSTATE', () => {
  test('is believed from a server alone', () => {
    expect(sqlState(server('40001'))).toBe('40001')
    // Five capitals as well, but the operating system’s.
    for (const code of ['EPIPE', 'EPERM', 'EBUSY']) expect(sqlState(driver(code))).toBeUndefined()
    for (const other of [undefined, null, '40001', { code: 40001, severity: 'ERROR' }, driver('ECONNRESET')])
      expect(sqlState(other)).toBeUndefined()
  })

  test('is what a retry is counted as, or `connection`', () => {
    expect(retryReason(server('40001'))).toBe('40001')
    expect(retryReason(driver('ECONNRESET'))).toBe('connection')
  })

  test('may come with the name of a constraint', () => {
    expect(constraintOf(Object.assign(server('23505'), { constraint: 'work_pkey' }))).toBe('work_pkey')
    for (const other of [undefined, 'x', server('23505'), { constraint: 5 }])
      expect(constraintOf(other)).toBeUndefined()
  })
})

describe('promise 12: a database that cannot be used', () => {
  const reasonOf = (error: unknown, broken = false) => asUnavailable(error, 'h:1/d', broken)?.reason

  test.each([
    ['28P01', 'authentication'],
    ['28000', 'authentication'],
    ['3D000', 'no such database'],
    ['53300', 'overloaded'],
    ['53400', 'overloaded'],
    ['57P01', 'unreachable'],
    ['57P03', 'unreachable'],
    ['08006', 'unreachable'],
    ['40001', undefined],
    ['23505', undefined],
  ])('%s is %s', (code, reason) => {
    expect(reasonOf(server(code))).toBe(reason)
    expect(reasonOf(server(code), true)).toBe(reason)
  })

  test('what the driver says is unreachable where the connection broke, and nothing where it did not', () => {
    expect(reasonOf(driver('ECONNREFUSED'), true)).toBe('unreachable')
    expect(reasonOf(driver('ECONNREFUSED'))).toBeUndefined()
  })

  test('a full pool is overloaded, with what to do about it', () => {
    expect(asUnavailable(new PoolFullError(3, undefined), 'h:1/d', false)).toMatchObject({
      reason: 'overloaded',
      message: 'all 3 connections of this program are in use: raise poolSize, or shorten transactions',
    })
  })

  test('names where it was looked for, and an error without a text by its code', () => {
    const refused = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })
    expect(asUnavailable(refused, 'h:1/d', true)!.message).toBe(
      'the database at h:1/d cannot be reached (ECONNREFUSED): is it running, and is the URL right?',
    )
  })

  test('is typed once', () => {
    const typed = new DatabaseUnavailableError('unreachable', 'x')
    expect(asUnavailable(typed, 'h:1/d', true)).toBe(typed)
  })
})
