import { Type, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import * as contract from '../src/contract/index.ts'
import { busyFleet } from './fleet.ts'
import { api } from './setup.ts'

type Rows<Row> = contract.Page<Row>

/** The same schema, in which no object may have more than it says. */
function strict(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map(strict)
  const parts = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]))
  return 'properties' in parts ? { additionalProperties: false, ...parts } : parts
}

function misfits(schema: TSchema, value: unknown): unknown[] {
  return Compile(strict(JSON.parse(JSON.stringify(schema))) as TSchema).Errors(value)
}

test('every answer is what the contract says, and nothing more', async () => {
  const { connection, database, machineIds, app, read } = await api(6)
  const { alive, expired, closed } = await busyFleet(connection, database, machineIds)
  const answers: [path: string, schema: TSchema][] = [
    ['me', contract.Me],
    ['overview', contract.Overview],
    ['processes', Type.Array(contract.Process)],
    ['throughput', contract.Throughput],
    ['machine-filters', contract.MachineFilters],
    ['machines', contract.pageOf(contract.Machine)],
    [`machines/${machineIds[0]}`, contract.MachineDetails],
    [`machines/${machineIds[3]}`, contract.MachineDetails],
    [`machines/${machineIds[0]}/explanations`, Type.Array(contract.Explanation)],
    [`machines/${machineIds[0]}/explanation?process=Install`, contract.Explanation],
    ['sessions', contract.pageOf(contract.Session)],
    [`sessions/${alive.id}`, contract.SessionDetails],
    [`sessions/${expired.id}`, contract.SessionDetails],
    [`sessions/${closed.id}`, contract.SessionDetails],
    ['ended-sessions', contract.pageOf(contract.EndedSession)],
    ['work', contract.pageOf(contract.HeldWork)],
    ['backoffs', contract.pageOf(contract.Backoff)],
    ['history', contract.pageOf(contract.HistoryEvent)],
    ['history/export', Type.Array(contract.HistoryEvent)],
  ]
  for (const [path, schema] of answers) {
    const answer = await read(path)
    expect(misfits(schema, answer), `${path}: ${JSON.stringify(answer)}`).toEqual([])
    const empty = Array.isArray(answer) ? answer : (answer as { rows?: unknown[] }).rows
    expect(empty, path).not.toEqual([])
  }
  const document: { paths: Record<string, { get?: unknown }> } = (await app.inject('/api/v1/openapi.json')).json()
  const known = Object.entries(document.paths).flatMap(([path, item]) => (item.get === undefined ? [] : [path]))
  const tried = answers.map(([path]) => `/api/v1/${path.replace(/\?.*/, '').replace(/[0-9a-f-]{36}/, '{id}')}`)
  expect([...new Set([...tried, '/api/v1/events', '/api/v1/openapi.json'])].sort()).toEqual(known.sort())
})

test('no answer is kept or guessed at by whoever passes it on', async () => {
  const { app } = await api(0)
  for (const url of ['/api/v1/machines', '/api/v1/machines?nothing=1', '/api/v1/nothing', '/api/v1/openapi.json'])
    expect((await app.inject(url)).headers, url).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
})

test('who asks is told who they are', async () => {
  const { read } = await api(
    0,
    { name: 'anna', role: 'viewer', csrfToken: 'a token', canLogOut: true },
    { version: '7' },
  )
  expect(await read('me')).toEqual({
    name: 'anna',
    role: 'viewer',
    csrfToken: 'a token',
    canLogOut: true,
    dialect: expect.stringMatching(/postgresql|cockroachdb/) as string,
    version: '7',
  })
})

describe('of a busy fleet', () => {
  test('the overview says what needs attention, and how the machines of each process stand', async () => {
    const { connection, database, machineIds, read } = await api(6)
    const { stuck, expired, parkedOn } = await busyFleet(connection, database, machineIds)
    const overview: contract.Overview = await read('overview')
    expect(overview.machines).toEqual({ inService: 6, retired: 0, lockedOut: 1 })
    expect(overview.sessions).toEqual({ alive: 1, expired: 1 })
    expect(overview.attention).toMatchObject({
      stuck: [{ machineId: stuck.machineId, process: 'Install', token: String(stuck.token), stuck: true }],
      expired: [{ id: expired.id, alive: false, held: 1 }],
      parked: [{ machineId: parkedOn, process: 'Inventory', parkedBy: 'otto' }],
      paused: [{ process: 'Reboot', pausedBy: 'otto' }],
    })
    const install = overview.processes.find(({ process }) => process === 'Install')
    expect(install).toMatchObject({ conflictsWith: ['Reboot'], failureDomains: { rack: 5 }, counts: { held: 1 } })
    const inventory = overview.processes.find(({ process }) => process === 'Inventory')
    expect(inventory?.counts).toMatchObject({ held: 1, backoff: 1, parked: 1, lockedOut: 1 })
  })

  test('each filter chooses what its name says', async () => {
    const { connection, database, machineIds, read } = await api(6)
    const { alive, expired, closed, stuck, failedOn, parkedOn } = await busyFleet(connection, database, machineIds)
    const ids = async (path: string): Promise<string[]> => {
      const { rows } = await read<Rows<{ id?: string; machineId?: string }>>(path)
      return rows.map((row) => row.id ?? row.machineId ?? '')
    }
    expect(await ids(`machines?search=${machineIds[2]!.slice(0, 8)}`)).toEqual([machineIds[2]])
    expect(await ids('machines?fact=bmc')).toEqual([stuck.machineId])
    expect(await ids('machines?withoutFact=bmc')).toHaveLength(5)
    expect(await ids('machines?kind=rack&domain=r1')).toEqual([stuck.machineId])
    expect(await ids('machines?process=Install&state=held')).toEqual([stuck.machineId])
    expect(await ids('machines?process=Inventory&state=backoff')).toEqual([failedOn])
    expect(await ids('machines?lockedOut=true')).toEqual([machineIds[5]])
    expect(await ids('machines?retired=true')).toEqual([])
    expect(await ids('sessions')).toEqual([expired.id, alive.id])
    expect(await ids('sessions?order=oldest')).toEqual([alive.id, expired.id])
    expect(await ids('sessions?alive=false')).toEqual([expired.id])
    expect(await ids('sessions?component=nobody')).toEqual([])
    expect(await ids('ended-sessions')).toEqual([closed.id])
    expect(await ids('work?stuck=true')).toEqual([stuck.machineId])
    expect(await ids('work?stuck=false')).toHaveLength(2)
    expect(await ids(`work?sessionId=${alive.id}&order=newest`)).toEqual([machineIds[1], machineIds[0]])
    expect(await ids('backoffs?parked=true')).toEqual([parkedOn])
    expect(await ids('backoffs?parked=false')).toEqual([failedOn])
    expect(await ids('history?kind=operator&search=busy+day')).toHaveLength(4)
    expect(await ids('history?event=Failed')).toHaveLength(1)
    expect(await ids('history?to=2001-01-01T00:00:00Z')).toEqual([])
  })

  test('a session is found while it lives and after it ended', async () => {
    const { connection, database, machineIds, read } = await api(6)
    const { alive, closed } = await busyFleet(connection, database, machineIds)
    const living: contract.SessionDetails = await read(`sessions/${alive.id}`)
    expect(living).toMatchObject({ session: { id: alive.id, alive: true, held: 2 }, ended: null })
    expect(living.work).toHaveLength(2)
    expect(await read(`sessions/${closed.id}`)).toMatchObject({ session: null, ended: { how: 'closed' }, work: [] })
  })

  test('a list comes in parts, and an export as one', async () => {
    const { connection, database, machineIds, app, read } = await api(6)
    await busyFleet(connection, database, machineIds)
    const seen: contract.HistoryEvent[] = []
    let after = ''
    for (;;) {
      const part: Rows<contract.HistoryEvent> = await read(`history?limit=2${after}`)
      seen.push(...part.rows)
      if (part.next === null) break
      after = `&after=${part.next}`
    }
    const exported = await app.inject('/api/v1/history/export')
    expect(exported.headers['content-disposition']).toBe('attachment; filename="bmdb-history.json"')
    expect(exported.json()).toEqual(seen)
    expect(await read('history/export?process=Nothing')).toEqual([])
  })

  test('an export is not over before the list is', async () => {
    const { database, app } = await api(0)
    await database.sql(
      `INSERT INTO work_history
         (work_history_id, machine_id, process, event, "timestamp", session_id, component_name, work_token)
       SELECT gen_random_uuid(), gen_random_uuid(), 'Install', 'Started', now() - n * interval '1 second',
              gen_random_uuid(), 'test', n FROM generate_series(1, 2100) AS n`,
    )
    const { body } = await app.inject('/api/v1/history/export')
    const tokens = (JSON.parse(body) as { token: string }[]).map(({ token }) => Number(token))
    expect(tokens).toEqual(Array.from({ length: 2_100 }, (_, index) => index + 1))
  })

  test('a machine is explained for every process that is known', async () => {
    const { connection, database, machineIds, read } = await api(6)
    await busyFleet(connection, database, machineIds)
    const all: contract.Explanation[] = await read(`machines/${machineIds[0]}/explanations`)
    expect(all.map(({ process, eligible }) => [process, eligible])).toEqual([
      ['Install', false],
      ['Inventory', true],
      ['Reboot', false],
    ])
    expect(await read(`machines/${machineIds[0]}/explanation?process=Install`)).toEqual(all[0])
  })
})
