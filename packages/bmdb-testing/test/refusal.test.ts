import { Client } from 'pg'
import { expect, test } from 'vitest'
import { cockroachErrors } from '../src/index.ts'
import { behindProxy } from './support/databases.ts'

async function connecting(url: string): Promise<{ code?: string; message: string } | undefined> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    return undefined
  } catch (error) {
    return error as { code?: string; message: string }
  } finally {
    await client.end().catch(() => {})
  }
}

test('whoever connects is told the error that was chosen, until everything passes again', async () => {
  const { proxy, connect } = await behindProxy()
  const old = await connect()
  proxy.refuse(cockroachErrors.notAcceptingClients)
  await expect(old.query('SELECT 1')).rejects.toThrow()
  expect(await connecting(proxy.url)).toMatchObject({
    code: '57P01',
    message: 'server is not accepting clients, try another node',
  })
  proxy.refuse({ sqlState: '53300' })
  expect(await connecting(proxy.url)).toMatchObject({ code: '53300' })
  proxy.refuse()
  expect(await connecting(proxy.url)).toMatchObject({ code: 'ECONNRESET' })
  proxy.restore()
  expect(await connecting(proxy.url)).toBeUndefined()
})
