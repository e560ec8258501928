import type { PoolClient } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { parseAddress } from '../src/database/address.ts'
import { Database } from '../src/database/database.ts'
import { askServer } from '../src/database/server.ts'
import { Limit } from '../src/limit.ts'
import { quietLogger } from '../src/logger.ts'
import { noMetrics } from '../src/metrics.ts'
import { rejection } from './helpers.ts'
import { faults, startProxy } from './proxy.ts'
import { testDatabase } from './setup.ts'

const timeout = (ms: number): Error => new Error(`${ms} ms are over`)

test('a connection that breaks between the pool and whoever takes it ends no program, and is known to be broken', async () => {
  const address = parseAddress((await testDatabase()).url)
  using limit = new Limit(undefined, 10_000, timeout)
  const database = new Database(address, await askServer(address, limit), 2, quietLogger, noMetrics)
  onTestFinished(() => database.close())
  // The pool no longer listens, and the caller has not heard of it: its turn comes after this one.
  database.pool.once('acquire', (client: PoolClient) => {
    queueMicrotask(() => client.emit('error', new Error('terminating connection due to unexpected postmaster exit')))
  })
  const broken = await database.acquire(limit)
  expect(broken.broken).toBe(true)
  broken.release()
  const whole = await database.acquire(limit)
  expect(whole.broken).toBe(false)
  expect((await whole.query<{ one: number }>({ text: 'SELECT 1 AS one' })).rows).toEqual([{ one: 1 }])
  whole.release()
  expect(database.pool.totalCount).toBe(1)
})

test('a connection that breaks while the migrations are looked at is an unreachable database', async () => {
  const database = await testDatabase()
  const { proxy, url } = await startProxy(database.url)
  const cut = proxy.next(/FROM _prisma_migrations/, faults['cut between'])
  const error = await rejection(database.open({ databaseUrl: url }))
  await cut
  expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', reason: 'unreachable' })
})
