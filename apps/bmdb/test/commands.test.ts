import { describe, expect, test } from 'vitest'
import { invoke, invokeJson } from './invoke.ts'
import { emptyDatabase, noBeats, rowCounts, testDatabase, testMachines } from './setup.ts'

const nowhere = '6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d'
const because = ['--reason', 'test']

describe('what operators do', () => {
  test('each act does it, says so, leaves who and why, and exits with 5 and no trace where there is nothing to change', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const [id] = machineIds
    const url = database.url
    const acts: [argv: string[], action: string, again: number][] = [
      [['machine', 'lock-out', id, '--seconds', '60'], 'lock out', 0],
      [['machine', 'end-lock-out', id], 'end lock-out', 5],
      [['machine', 'retire', id], 'retire', 5],
      [['machine', 'return', id], 'return to service', 5],
      [['machine', 'domain', id, 'rack', 'r7'], 'set failure domain', 0],
      [['machine', 'domain', id, 'rack'], 'set failure domain', 5],
      [['backoff', 'set', id, 'P', '--seconds', '60'], 'set backoff', 0],
      [['backoff', 'clear', id, 'P'], 'clear backoff', 5],
      [['backoff', 'park', id, 'P'], 'park', 5],
      [['backoff', 'unpark', id, 'P'], 'unpark', 5],
      [['process', 'pause', 'P'], 'pause', 5],
      [['process', 'resume', 'P'], 'resume', 5],
    ]
    for (const [argv, action, again] of acts) {
      const done = await invokeJson<object>([...argv, '--reason', 'because', '--operator', 'bob'], { url })
      expect({ argv, code: done.code, err: done.err }).toEqual({ argv, code: 0, err: '' })
      expect(done.result).toMatchObject({ done: true, action })
      const { rows } = await connection.fleet.operatorHistory({ limit: 1 })
      expect(rows[0]).toMatchObject({ operator: 'bob', action, reason: 'because' })
      const before = await rowCounts(database)
      const repeated = await invoke([...argv, ...because], { url })
      expect({ argv, code: repeated.code }).toEqual({ argv, code: again })
      if (again !== 5) continue
      expect(repeated).toMatchObject({ out: '', err: expect.stringMatching(/^nothing to change: /) as string })
      expect(await rowCounts(database)).toEqual(before)
    }
    expect(await invoke(['machine', 'delete', id, ...because], { url })).toMatchObject({
      code: 0,
      out: `deleted machine ${id}\n`,
    })
  })

  test('a machine is added under a new id, which is printed, or under a given one, which is there only once', async () => {
    const { url } = await testDatabase()
    const added = await invoke(['machine', 'add', ...because], { url })
    expect(added).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^[0-9a-f-]{36}\n$/) as string })
    expect(await invoke(['machine', 'add', nowhere, ...because], { url })).toMatchObject({
      code: 0,
      out: `${nowhere}\n`,
    })
    expect(await invoke(['machine', 'add', nowhere, ...because], { url })).toMatchObject({ code: 5, out: '' })
    const { result } = await invokeJson<{ rows: { id: string }[] }>(['machine', 'ls'], { url })
    expect(result.rows.map(({ id }) => id)).toEqual([added.out.trim(), nowhere])
  })

  test('the name of the user acts where no other is given', async () => {
    const { database, connection } = await testMachines(0)
    await invoke(['process', 'pause', 'P', ...because], { url: database.url, userName: 'carol' })
    expect((await connection.fleet.operatorHistory()).rows[0]).toMatchObject({ operator: 'carol' })
  })

  test('what is not there exits with 4 and says what', async () => {
    const { database } = await testMachines(0)
    for (const argv of [
      ['machine', 'show', nowhere],
      ['machine', 'retire', nowhere, ...because],
      ['machine', 'lock-out', nowhere, ...because],
      ['session', 'end', nowhere, ...because],
      ['backoff', 'park', nowhere, 'P', ...because],
      ['work', 'release', nowhere, 'P', ...because],
      ['explain', nowhere, 'P'],
    ])
      expect(await invoke(argv, { url: database.url })).toMatchObject({
        code: 4,
        out: '',
        err: expect.stringMatching(new RegExp(`^error: there is no .*${nowhere}.*\n$`)) as string,
      })
    expect(await invoke(['process', 'show', 'Nothing'], { url: database.url })).toMatchObject({ code: 4 })
  })

  test('a machine that is held is not retired: exit code 6, and the holder is named', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    await session.startWork('P', machineIds)
    expect(await invoke(['machine', 'retire', machineIds[0], ...because], { url: database.url })).toMatchObject({
      code: 6,
      err: expect.stringContaining(`session ${session.id}`) as string,
    })
  })

  test('work is released: its holder lets go within the grace, or loses it by force; what nobody holds exits with 5', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const [id] = machineIds
    const session = await connection.startSession({ intervalSeconds: 1 })
    const release = ['work', 'release', id, 'P', ...because]
    expect((await invoke(release, { url: database.url })).code).toBe(5)
    const work = await session.startWork('P', [id])
    work!.signal.addEventListener('abort', () => void work!.cancel())
    expect(await invoke([...release, '--grace', '20'], { url: database.url })).toMatchObject({
      code: 0,
      out: expect.stringContaining('let go of P') as string,
    })
    await session.startWork('P', [id])
    const forced = await invokeJson<object>([...release, '--force'], { url: database.url })
    expect(forced).toMatchObject({
      code: 0,
      result: { outcome: 'forced', holder: { session: session.id, token: '2' } },
    })
    await session.startWork('P', [id])
    expect((await invoke(['session', 'end', session.id, ...because], { url: database.url })).code).toBe(0)
    expect((await invokeJson<{ rows: object[] }>(['work', 'ls'], { url: database.url })).result.rows).toEqual([])
  })
})

describe('what operators look at', () => {
  test('lists page by their cursor, and --all goes through every page', async () => {
    const { database, connection, machineIds } = await testMachines(5)
    const { url } = database
    const session = await connection.startSession(noBeats)
    await session.startWorkMany('P', machineIds, { limit: 5 })
    for (const process of ['a', 'b', 'c']) await connection.operator('ann').pause(process, { reason: 'r' })
    for (const [argv, many] of [
      [['machine', 'ls'], 5],
      [['work', 'ls'], 5],
      [['process', 'ls'], 4],
      [['history'], 8],
      [['history', machineIds[0]], 1],
      [['session', 'ls'], 1],
    ] as const) {
      const seen: string[] = []
      let after: string[] = []
      for (;;) {
        const { code, result, err } = await invokeJson<{ rows: object[]; next: string | null }>(
          [...argv, '--limit', '2', ...after],
          { url },
        )
        expect({ argv, code, err }).toEqual({ argv, code: 0, err: '' })
        seen.push(...result.rows.map((row) => JSON.stringify(row)))
        if (result.next === null) break
        expect(result.rows).toHaveLength(2)
        after = ['--after', result.next]
      }
      expect({ argv, many: new Set(seen).size }).toEqual({ argv, many })
      expect(seen).toHaveLength(many)
      const all = await invokeJson<{ rows: object[]; next: null }>([...argv, '--all', '--limit', '2'], { url })
      expect(all.result.rows).toHaveLength(many)
      expect(all.result.next).toBeNull()
    }
  })

  test('where there is more, its cursor goes to the standard error, and the result stays a result', async () => {
    const { database } = await testMachines(3)
    const { out, err } = await invoke(['machine', 'ls', '--limit', '2'], { url: database.url })
    expect(out.split('\n')).toHaveLength(4)
    const after = /^there is more: --after (\S+)\n$/.exec(err)?.[1]
    const rest = await invoke(['machine', 'ls', '--after', after!], { url: database.url })
    expect(rest).toMatchObject({ code: 0, err: '' })
    expect(rest.out.split('\n')).toHaveLength(3)
  })

  test('a pipe gets lines with tabs, a terminal a table; times are ISO 8601, and no control character gets through', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const evil = 'P\u001b[31m\tred\nnext'
    await connection.operator('ann\u0007').park(machineIds[0], evil, { reason: 'x\u009by' })
    const piped = await invoke(['backoff', 'ls'], { url: database.url })
    const [title, row, ...rest] = piped.out.split('\n')
    expect(title).toBe('MACHINE\tPROCESS\tSTATE\tFAILURES\tCAUSE')
    expect(row).toMatch(
      /^[0-9a-f-]{36}\tP\\u001b\[31m\\tred\\nnext\tparked by ann\\u0007 at \d{4}-\d\d-\d\dT[\d:.]+Z\t0\tx\\u009by$/,
    )
    expect(rest).toEqual([''])
    const table = await invoke(['backoff', 'ls'], { url: database.url, terminal: true })
    expect(table.out).toMatch(/^MACHINE {2,}PROCESS {2,}STATE/)
    expect(table.out).toContain(String.raw`P\u001b[31m\tred\nnext`)
  })

  test('a machine and a process are shown with all that there is to know', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const [id] = machineIds
    const session = await connection.startSession(noBeats)
    const work = await session.startWork('P', [id])
    await connection.operator('ann').park(id, 'Q', { reason: 'broken' })
    const machine = await invokeJson<object>(['machine', 'show', id], { url: database.url })
    expect(machine.result).toMatchObject({
      machine: { id, held: ['P'] },
      work: [{ process: 'P', token: String(work!.token) }],
      backoffs: [{ process: 'Q', parkedReason: 'broken' }],
      history: [{ event: 'Started' }],
    })
    expect((await invoke(['machine', 'show', id], { url: database.url })).out).toContain(
      `held\tP by test (session ${session.id}`,
    )
    const process = await invokeJson<object>(['process', 'show', 'P'], { url: database.url })
    expect(process.result).toMatchObject({ process: { process: 'P' }, counts: { held: 1 } })
  })

  test('explain says yes or no first, then every condition; --check makes no an exit code', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const [id] = machineIds
    const free = await invoke(['explain', id, 'P', '--check'], { url: database.url })
    expect(free.code).toBe(0)
    expect(free.out).toMatch(/^eligible: yes\n(✓ .*: .*\n)+$/)
    await connection.operator('ann').pause('P', { reason: 'the image is broken' })
    const paused = await invoke(['explain', id, 'P'], { url: database.url })
    expect(paused.code).toBe(0)
    expect(paused.out).toMatch(/^eligible: no\n/)
    expect(paused.out).toMatch(/^✗ not paused: .*ann.*the image is broken/m)
    expect((await invoke(['explain', id, 'P', '--check'], { url: database.url })).code).toBe(5)
  })

  test('a process that nobody declared is told beside the others, where there are any: its name may be a slip', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    await connection.declareProcess({ process: 'PowerCheck' })
    const told = 'nobody has declared a process Powerchk (declared: PowerCheck)\n'
    const paused = await invoke(['process', 'pause', 'Powerchk', '--reason', 'a slip'], { url: database.url })
    expect(paused).toMatchObject({ code: 0, out: 'paused process Powerchk\n', err: told })
    expect(await invoke(['explain', machineIds[0], 'Powerchk'], { url: database.url })).toMatchObject({ err: told })
    expect(await invoke(['explain', machineIds[0], 'PowerCheck'], { url: database.url })).toMatchObject({ err: '' })
  })

  test('what was parked for its failures, and what was only snoozed, say so', async () => {
    const { database, connection, machineIds } = await testMachines(2)
    const session = await connection.startSession(noBeats)
    const [failed, snoozed] = machineIds
    await (await session.startWork('P', [failed]))!.fail('no power', undefined, { maxAttempts: 1 })
    await (await session.startWork('P', [snoozed!]))!.snooze(60)
    const { out } = await invoke(['backoff', 'ls'], { url: database.url })
    expect(out).toContain('it failed 1 time; the last cause: no power')
    expect(out).toMatch(/snoozed until .*\t0\tsnoozed/)
    const explained = await invoke(['explain', failed, 'P'], { url: database.url })
    expect(explained.out).toMatch(/^✗ not parked: .*; the last cause: no power$/m)
  })

  test('a refusal says which command ends it', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const [id] = machineIds
    const session = await connection.startSession(noBeats)
    await session.startWork('P', [id])
    const held = await invoke(['machine', 'retire', id, '--reason', 'old'], { url: database.url })
    expect(held).toMatchObject({ code: 6 })
    expect(held.err).toMatch(
      new RegExp(`^error: machine ${id} is held for P by .*: wait, or bmdb work release ${id} P\n$`),
    )
  })

  test('verify finds nothing in an honest history, and exits with 7 where two hold at once', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    await (await connection.startSession(noBeats)).work(machineIds[0], 'P', async () => {})
    expect(await invoke(['verify'], { url: database.url })).toMatchObject({ code: 0 })
    await database.sql(
      `INSERT INTO work_history (work_history_id, machine_id, process, event, session_id, component_name, work_token)
       SELECT gen_random_uuid(), machine_id, process, event, session_id, component_name, work_token
       FROM work_history WHERE event = 'Started'`,
    )
    const { code, result } = await invokeJson<{ findings: object[] }>(['verify'], { url: database.url })
    expect({ code, result }).toMatchObject({
      code: 7,
      result: { findings: [{ problem: 'two starts under one token' }] },
    })
  })
})

test('a database that cannot be used exits with 3 and one line without the password', async () => {
  for (const url of ['postgresql://u:s3cret@127.0.0.1:1/d', (await emptyDatabase()).url]) {
    const { code, out, err } = await invoke(['machine', 'ls', '--timeout', '1'], { url })
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/^error: .*\n$/m)
    expect(err).not.toMatch(/s3cret| {4}at /)
  }
})

test('a role that may not do it exits with 3 and says so', async () => {
  const { database, connection } = await testMachines(1)
  const role = `reader_${Date.now()}`
  await database.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`)
  await database.sql(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
  const url = Object.assign(new URL(database.url), { username: role, password: 'p' }).href
  const { code, err } = await invoke(['process', 'pause', 'P', ...because], { url })
  await database.sql(`DROP OWNED BY ${role}`)
  await database.sql(`DROP ROLE ${role}`)
  expect({ code, err }).toMatchObject({ code: 3, err: expect.stringContaining('permission denied') as string })
  expect((await connection.fleet.processes()).length).toBe(0)
})

test('what is not done in time exits with 8, and a reading is not told as a writing', async () => {
  const { database } = await testMachines(1)
  await database.sql('BEGIN')
  await database.sql('LOCK TABLE processes, sessions IN ACCESS EXCLUSIVE MODE')
  const options = { url: database.url }
  expect((await invoke(['process', 'pause', 'P', ...because, '--timeout', '1'], options)).code).toBe(8)
  const read = await invoke(['session', 'ls', '--timeout', '1'], options)
  expect(read).toMatchObject({ code: 8, err: expect.stringContaining('did not end within 1000 ms') as string })
  await database.sql('ROLLBACK')
})
