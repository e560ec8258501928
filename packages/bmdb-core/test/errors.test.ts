import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import {
  BMDB,
  BMDBError,
  ClosedError,
  CommitOutcomeUnknownError,
  DatabaseUnavailableError,
  errorCodes,
  InvalidArgumentError,
  isBMDBError,
  MachineNotFoundError,
  MigrationError,
  ProcessDeclarationError,
  RetriesExhaustedError,
  SessionExpiredError,
  TransactionTimeoutError,
  WorkBackoffError,
  WorkBlockedError,
  WorkConflictError,
  WorkEndedError,
  WorkLostError,
} from '../src/index.ts'
import { emptyDatabase, recordingLogger, rejection } from './helpers.ts'
import { testDatabase } from './setup.ts'
import { startProxy } from './proxy.ts'

const machineId = '11111111-1111-4111-8111-111111111111'
const sessionId = '22222222-2222-4222-8222-222222222222'
const at = new Date('2026-01-02T03:04:05.678Z')
const holder = { component: 'inventory', session: sessionId, since: at, until: at }
const token = 9_007_199_254_740_993n

const errors: readonly BMDBError[] = [
  new ClosedError('closed'),
  new CommitOutcomeUnknownError('the transaction', new Error('cut')),
  new DatabaseUnavailableError('unreachable', 'away', { cause: new Error('ECONNREFUSED') }),
  new InvalidArgumentError('bad'),
  new MachineNotFoundError(machineId),
  new MigrationError('missing'),
  new ProcessDeclarationError('P', 'P was declared otherwise'),
  new RetriesExhaustedError(3, new Error('conflict')),
  new SessionExpiredError(sessionId, 'deadline'),
  new TransactionTimeoutError('the transaction', 5, new Error('conflict')),
  new WorkBackoffError(machineId, 'P', at, 'no power'),
  new WorkBlockedError(machineId, 'P', 'paused', { fact: 'it was paused', by: 'ann', since: at }),
  new WorkConflictError(machineId, 'P', holder),
  new WorkEndedError(machineId, 'P', 'finish'),
  new WorkLostError({ machineId, process: 'P', token }, 'deleted'),
]

describe('promise 12: typed errors', () => {
  test('there is one for each code, and they are told apart by it', () => {
    expect(errors.map((error) => error.code)).toEqual([...errorCodes])
    for (const error of errors) {
      expect(error).toBeInstanceOf(BMDBError)
      expect(error.name).toBe(error.constructor.name)
      expect(isBMDBError(error)).toBe(true)
      expect(isBMDBError(error, error.code)).toBe(true)
      expect(errorCodes.filter((code) => isBMDBError(error, code))).toEqual([error.code])
    }
  })

  test.each([new Error('x'), Object.assign(new Error('x'), { code: 'ECONNRESET' }), { code: 'ERR_CLOSED' }, null, 'x'])(
    'anything else is none: %s',
    (other) => expect(isBMDBError(other)).toBe(false),
  )

  test.each(errors)('$name survives JSON with its fields and its cause', (error) => {
    const shown = JSON.parse(JSON.stringify(error)) as Record<string, unknown>
    expect(shown).toMatchObject({ name: error.name, code: error.code, message: error.message })
    for (const key of Object.keys(error)) expect(shown).toHaveProperty(key)
    if (error.cause instanceof Error) expect(shown['cause']).toEqual({ name: 'Error', message: error.cause.message })
  })

  test('tokens are strings in JSON, without loss, and times are ISO', () => {
    const lost = new WorkLostError({ machineId, process: 'P', token }, 'released')
    expect(JSON.parse(JSON.stringify(lost))).toMatchObject({ token: '9007199254740993', reason: 'released' })
    expect(JSON.parse(JSON.stringify(new WorkConflictError(machineId, 'P', holder)))).toMatchObject({
      since: at.toISOString(),
      until: at.toISOString(),
      component: 'inventory',
      session: sessionId,
    })
  })

  test('causes survive JSON as deep as they go, whatever they are', () => {
    const inner = new SessionExpiredError(sessionId, 'caller', { cause: { size: 1n } })
    const lost = new WorkLostError({ machineId, process: 'P', token }, 'caller', { cause: inner })
    const shown = JSON.parse(JSON.stringify(lost)) as { cause: Record<string, unknown> }
    expect(shown.cause).toMatchObject({ code: 'ERR_SESSION_EXPIRED', reason: 'caller' })
    expect(shown.cause['cause']).toContain('1n')
    for (const cause of [undefined, null, 0n, 'text', Symbol('s'), () => {}, { toJSON: () => 1n }]) {
      expect(() => JSON.stringify(new RetriesExhaustedError(1, cause))).not.toThrow()
    }
  })

  test('messages name the values', () => {
    expect(new WorkConflictError(machineId, 'P', holder).message).toContain(`inventory (session ${sessionId})`)
    expect(new WorkBackoffError(machineId, 'P', at, 'no power').message).toContain('no power')
    expect(new MachineNotFoundError(machineId).message).toContain(machineId)
    expect(new RetriesExhaustedError(1, new Error('x')).message).toBe('gave up after 1 attempt: x')
  })
})

describe('promise 12: no password in any error, log or inspection', () => {
  const secret = 'corr3ct-h0rse'

  const shown = (value: unknown): string =>
    inspect(value, { depth: Infinity, maxArrayLength: null, maxStringLength: null })

  async function guarded() {
    const database = await testDatabase()
    const role = `role_${Math.random().toString(36).slice(2)}`
    await database.sql(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD '${secret}'`)
    const url = new URL(database.url)
    url.username = role
    url.password = secret
    return { database, url }
  }

  test('not in BMDB, Connection, Session, Work, nor Prisma’s client, nor in what is logged', async () => {
    const { database, url } = await guarded()
    const logger = recordingLogger()
    const bmdb = new BMDB({ databaseUrl: url.href, componentName: 'c', logger })
    const connection = await bmdb.open()
    const session = await connection.startSession({ intervalSeconds: 60 })
    const machine = await connection.prisma.machine.create({ data: {} })
    const work = await session.startWork('P', [machine.id])
    // Prisma's tx cannot be inspected at all.
    for (const one of [bmdb, connection, session, work, connection.prisma]) {
      expect(shown(one)).not.toContain(secret)
      expect(() => JSON.stringify(one)).not.toThrow(secret)
    }
    await database.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    await session.transact(async () => {})
    await connection.close()
    expect(shown([...logger.lines, session.signal.reason])).not.toContain(secret)
  })

  test('not in the errors of opening', async () => {
    const { database, url } = await guarded()
    const open = (change: (url: URL) => void, timeoutMs = 10_000): Promise<Error> => {
      const changed = new URL(url)
      change(changed)
      return rejection(new BMDB({ databaseUrl: changed.href, componentName: 'c' }).open({ timeoutMs }))
    }
    const empty = new URL(await emptyDatabase(database)).pathname
    const seen = [
      await open((url) => (url.port = '1'), 100),
      await open((url) => (url.username = 'nobody'), 5_000),
      await open((url) => (url.pathname = '/not_there')),
      await open((url) => (url.pathname = empty)),
      await open((url) => (url.hostname = 'no-such-host.invalid'), 300),
    ]
    for (const error of seen) {
      expect(shown(error)).not.toContain(secret)
      expect(JSON.stringify(error)).not.toContain(secret)
    }
  })

  test('not in the errors of a session that lost its database', async () => {
    const { url } = await guarded()
    const { proxy, url: proxied } = await startProxy(url.href)
    const connection = await new BMDB({ databaseUrl: proxied, componentName: 'c' }).open()
    const session = await connection.startSession({ intervalSeconds: 60 })
    proxy.refuse()
    const seen = [
      await rejection(session.transact(async () => {}, { timeoutMs: 200 })),
      await rejection(session.transact(async () => {}, { maxAttempts: 1 })),
      await rejection(connection.prisma.machine.count()),
      await rejection(connection.sweep({ timeoutMs: 200 })),
    ]
    expect(seen.slice(0, 2)).toMatchObject([
      { code: 'ERR_TRANSACTION_TIMEOUT', cause: { code: 'ERR_DATABASE_UNAVAILABLE', reason: 'unreachable' } },
      { code: 'ERR_RETRIES_EXHAUSTED', cause: { code: 'ERR_DATABASE_UNAVAILABLE', reason: 'unreachable' } },
    ])
    for (const error of seen) {
      expect(shown(error)).not.toContain(secret)
      expect(JSON.stringify(error)).not.toContain(secret)
    }
    proxy.restore()
    await connection.close()
  })
})
