import { describe, expect, it } from 'vitest'
import { startWireProxy, type Fault } from '../src/index.ts'
import { behindProxy, connected, outcomes } from './support/databases.ts'

const refused = { do: 'answer', with: { sqlState: 'XX001' }, when: 'instead' } as const

describe('a fault meets', () => {
  it('the text of a prepared statement and its name, also where only the name is sent', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    const statement = { name: 'reads_rows', text: 'SELECT n FROM rows' }
    await client.query(statement)
    for (const match of ['FROM rows', 'reads_', /^SELECT n/, /reads_rows$/]) {
      const happened = proxy.next(match, refused)
      await expect(client.query(statement)).rejects.toMatchObject({ code: 'XX001' })
      await happened
      expect((await client.query(statement)).rows).toEqual([])
    }
  })

  it('what a function chooses, which is told text and name', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    const seen: unknown[] = []
    proxy.every((statement) => seen.push(statement) < 0, refused)
    await client.query('SELECT 1; SELECT 2')
    await client.query({ name: 'one', text: 'SELECT $1::int', values: [1] })
    await client.query({ name: 'one', text: 'SELECT $1::int', values: [2] })
    await client.query({ text: 'SELECT $1::int', values: [3] })
    const one = { name: 'one', text: 'SELECT $1::int' }
    expect(seen).toEqual([{ name: '', text: 'SELECT 1; SELECT 2' }, one, one, { ...one, name: '' }])
  })

  it('nothing: then whoever waits for it is told at the end, with what passed instead', async () => {
    const { proxy, connect } = await behindProxy()
    const struck = proxy.next('DELETE', refused)
    await (await connect()).query({ name: 'reads', text: 'SELECT 1' })
    await proxy.close()
    await expect(struck).rejects.toThrow(/answer at DELETE never happened.*reads: SELECT 1/s)
  })

  it('nothing that is misspelt', async () => {
    const { proxy } = await behindProxy()
    const wrong = [{ do: 'cut', when: 'instead' }, { do: 'break', when: 'after' }, { ...refused, with: {} }, {}]
    for (const fault of wrong) expect(() => proxy.next('SELECT', fault as Fault)).toThrow(TypeError)
    expect(() => proxy.every('SELECT', wrong[0] as Fault)).toThrow(/no such fault/)
    await expect(startWireProxy('localhost:5432')).rejects.toThrow(/needs a URL/)
  })

  it('statements by the names of their own connection', async () => {
    const { proxy, connect } = await behindProxy()
    const [client, other] = [await connect(), await connect()]
    await client.query({ name: 'same', text: 'SELECT 1' })
    await other.query({ name: 'same', text: 'SELECT 2' })
    void proxy.next('SELECT 2', refused)
    await client.query({ name: 'same', text: 'SELECT 1' })
    await expect(other.query({ name: 'same', text: 'SELECT 2' })).rejects.toMatchObject({ code: 'XX001' })
  })

  it('each statement again with a global expression', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    proxy.every(/SELECT/g, refused)
    expect(await outcomes(client, 'SELECT 1', 'SELECT 1', 'SELECT 1')).toEqual(['XX001', 'XX001', 'XX001'])
  })

  it('one statement only, with next; of several armed the first that matches', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    void proxy.next('SELECT 9', { ...refused, with: { sqlState: 'XX009' } })
    const first = proxy.next('SELECT', { ...refused, with: { sqlState: 'XX001' } })
    const second = proxy.next('SELECT', { ...refused, with: { sqlState: 'XX002' } })
    expect(await outcomes(client, 'SELECT 1', 'SELECT 2', 'SELECT 3')).toEqual(['XX001', 'XX002', 'SELECT'])
    await Promise.all([first, second])
    expect(await outcomes(client, 'SELECT 9', 'SELECT 9')).toEqual(['XX009', 'SELECT'])
  })

  it('each that matches, with every, until it is ended', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    const end = proxy.every('SELECT', refused)
    expect(await outcomes(client, 'SELECT 1', 'SHOW timezone', 'SELECT 1')).toEqual(['XX001', 'SHOW', 'XX001'])
    end()
    end()
    expect(await outcomes(client, 'SELECT 1')).toEqual(['SELECT'])
  })

  it('some of them, with a chance', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    proxy.every('SELECT', refused, 0)
    const end = proxy.every('SELECT', refused, 0.5)
    const outcome = await outcomes(client, ...Array<string>(100).fill('SELECT 1'))
    end()
    // Ten deviations to each side.
    expect(outcome.filter((one) => one === 'XX001').length).toBeGreaterThan(0)
    expect(outcome.filter((one) => one === 'SELECT').length).toBeGreaterThan(0)
    expect(await outcomes(client, ...Array<string>(100).fill('SELECT 1'))).not.toContain('XX001')
  })

  it('nothing once they are disarmed', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    void proxy.next('SELECT', refused)
    proxy.every('SELECT', refused)
    proxy.disarm()
    expect(await outcomes(client, 'SELECT 1')).toEqual(['SELECT'])
  })
})

describe('a statement that was prepared when its answer was replaced', () => {
  it('instead: is prepared when it is asked for again', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    const statement = { name: 'one', text: 'SELECT 1 AS one' }
    void proxy.next('one', refused)
    await expect(client.query(statement)).rejects.toMatchObject({ code: 'XX001' })
    expect((await client.query(statement)).rows).toEqual([{ one: 1 }])
  })

  it('after: is known to have been prepared', async () => {
    const { proxy, connect } = await behindProxy()
    const client = await connect()
    const statement = { name: 'one', text: 'SELECT 1 AS one' }
    void proxy.next('one', { ...refused, when: 'after' })
    await expect(client.query(statement)).rejects.toMatchObject({ code: 'XX001' })
    expect((await client.query(statement)).rows).toEqual([{ one: 1 }])
  })
})

describe('an answer that the client takes in parts', () => {
  const parts = { text: 'SELECT n FROM generate_series(1, 5) AS n', rows: 2 }

  it('passes', async () => {
    const { connect } = await behindProxy()
    const client = await connect({ pipeline: false })
    expect((await client.query({ ...parts })).rows).toHaveLength(5)
    expect(await outcomes(client, 'SELECT 1')).toEqual(['SELECT'])
  })

  it.each(['instead', 'after'] as const)('is replaced as a whole (%s)', async (when) => {
    const { proxy, connect } = await behindProxy()
    const client = await connect({ pipeline: false })
    void proxy.next('generate_series', { ...refused, when })
    await expect(client.query({ ...parts })).rejects.toMatchObject({ code: 'XX001' })
    // This driver does not ask for the end of an answer in parts that failed.
    ;(client as unknown as { connection: { sync(): void } }).connection.sync()
    expect(await outcomes(client, 'SELECT 1')).toEqual(['SELECT'])
    expect((await client.query({ ...parts })).rows).toHaveLength(5)
  })

  it.each(['before', 'during', 'after'] as const)('is cut (%s)', async (when) => {
    const { proxy, connect } = await behindProxy()
    const client = await connect({ pipeline: false })
    const happened = proxy.next('generate_series', { do: 'cut', when })
    await expect(client.query({ ...parts })).rejects.toThrow()
    await happened
  })

  it.each(['before', 'after'] as const)('is held (%s)', async (when) => {
    const { proxy, connect } = await behindProxy()
    const client = await connect({ pipeline: false })
    const happened = proxy.next('generate_series', { do: 'hold', when })
    const reading = client.query({ ...parts })
    await happened
    proxy.restore()
    expect((await reading).rows).toHaveLength(5)
  })
})

it('the counts say how many statements ran, and how many round trips they took', async () => {
  const { proxy, connect } = await behindProxy()
  expect(proxy.counts).toEqual({ connections: 0, statements: 0, roundTrips: 0 })
  const client = await connect()
  await connected(proxy.url)
  expect(proxy.counts).toMatchObject({ connections: 2, statements: 0 })
  const taken = async (what: () => Promise<unknown>): Promise<number[]> => {
    const before = proxy.counts
    await what()
    return [proxy.counts.statements - before.statements, proxy.counts.roundTrips - before.roundTrips]
  }
  expect(await taken(() => outcomes(client, 'BEGIN', 'SELECT 1', 'COMMIT'))).toEqual([3, 1])
  expect(
    await taken(async () => {
      for (const text of ['BEGIN', 'SELECT 1', 'COMMIT']) await client.query(text)
    }),
  ).toEqual([3, 3])
})
