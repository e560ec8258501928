import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../src/free-port.ts'

async function listening(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('a port that is taken is said to be, and another one is chosen', async () => {
  const taken = await listening()
  const lines: string[] = []
  const port = await freePort(taken, (line) => lines.push(line))
  expect(port).not.toBe(taken)
  expect(lines).toEqual([`port ${taken} is taken: the console takes ${port}`])
})

test('a port that is free is taken without a word, and is free still', async () => {
  const lines: string[] = []
  const port = await freePort(0, (line) => lines.push(line))
  expect(await freePort(port, (line) => lines.push(line))).toBe(port)
  expect(lines).toEqual([])
})
