import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlDriverAdapter, SqlDriverAdapterFactory, Transaction } from '@prisma/driver-adapter-utils'
import { Pool } from 'pg'
import type { Database } from '../database/database.ts'
import type { Statement } from '../database/server-connection.ts'
import type { Attempt } from './attempt.ts'

/**
 * Where BMDB and Prisma meet: Prisma's own pg adapter, except that a transaction that `transact` started runs on the
 * connection of an {@link Attempt}, through which all its statements pass. Which attempt a `$transaction` belongs to is
 * known by the asynchronous context that it was called in.
 */
const attempts = new AsyncLocalStorage<{ attempt: Attempt; taken: boolean }>()

/** Calls `start` so that the first transaction that it opens is the attempt's. */
export function withAttempt<T>(attempt: Attempt, start: () => Promise<T>): Promise<T> {
  return attempts.run({ attempt, taken: false }, start)
}

/** What a Prisma client must have; every generated one does. */
export interface PrismaClientLike {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- every generated client has its own overloads here
  $transaction: (...args: any[]) => Promise<any>
  $disconnect: () => Promise<void>
  $connect: () => Promise<void>
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  $extends: any
}

/** What users get as `tx`: the client without what has no meaning inside a transaction. */
export type TransactionClient<Client> = Omit<Client, '$connect' | '$disconnect' | '$on' | '$use' | '$extends'>

/**
 * The same client, telling the attempt of each error that the caller's function sees: when the function swallows it,
 * `transact` rejects with that very error.
 */
export function telling<Client extends PrismaClientLike>(client: Client): Client {
  const extend = client.$extends as (extension: unknown) => Client
  return extend.call(client, {
    name: 'bmdb',
    query: {
      async $allOperations({ args, query }: { args: unknown; query: (args: unknown) => Promise<unknown> }) {
        try {
          return await query(args)
        } catch (error) {
          attempts.getStore()?.attempt.noteSeen(error)
          throw error
        }
      },
    },
  })
}

/** The adapter factory for `new PrismaClient({ adapter })`. */
export function adapterFor(database: Database): SqlDriverAdapterFactory {
  return {
    provider: 'postgres',
    adapterName: '@bmdb/core',
    async connect(): Promise<SqlDriverAdapter> {
      const handover = new HandoverPool()
      const [plain, guarded] = await Promise.all([
        new PrismaPg(database.pool).connect(),
        new PrismaPg(handover).connect(),
      ])
      return {
        provider: 'postgres',
        adapterName: '@bmdb/core',
        queryRaw: (query) => plain.queryRaw(query),
        executeRaw: (query) => plain.executeRaw(query),
        executeScript: (script) => plain.executeScript(script),
        getConnectionInfo: () => plain.getConnectionInfo?.() ?? { supportsRelationJoins: true },
        dispose: () => plain.dispose(),
        async startTransaction(isolationLevel): Promise<Transaction> {
          const context = attempts.getStore()
          if (context === undefined || context.taken) return plain.startTransaction(isolationLevel)
          context.taken = true
          await context.attempt.start()
          // Prisma's adapter asks the pool for a connection in the same turn, before anybody else can.
          handover.next = context.attempt
          return guarded.startTransaction()
        },
      }
    },
  }
}

/** A pool that never connects: it hands an attempt to Prisma's adapter in place of a connection. */
class HandoverPool extends Pool {
  next: Attempt | undefined

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- stands in for all of Pool's overloads
  override connect(): Promise<any> {
    const attempt = this.next
    this.next = undefined
    if (attempt === undefined) return Promise.reject(new Error('no transaction was handed over'))
    const ignore = (): void => {}
    return Promise.resolve({
      query: (statement: Statement) => attempt.query(statement),
      release: () => attempt.release(),
      on: ignore,
      removeListener: ignore,
    })
  }
}
