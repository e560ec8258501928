import { startWireProxy } from '@bmdb/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Connection, PrismaClient } from '@bmdb/core'
import { isRunning, Program } from './program.ts'
import { noBeats, testMachines } from './setup.ts'

/** A command that tells its process and one that it starts, does not heed SIGTERM, and goes on for a minute. */
const stubborn = `trap '' TERM INT; sleep 60 & echo "pids $$ $!"; wait; wait; sleep 60`
/** One that ends at SIGTERM, and tells so. */
const willing = `trap 'echo asked to end; exit 7' TERM INT; echo "pids $$ $$"; while :; do sleep 0.05; done`

function exec(url: string, machineId: string, command: readonly string[], options: readonly string[] = []): Program {
  const argv = ['exec', '--machine', machineId, '--process', 'P', ...options, '--', ...command]
  return new Program(argv, { BMDB_DATABASE_URL: url })
}

/** The processes of a command's group, once they run. */
async function pidsOf(program: Program): Promise<number[]> {
  await program.said(/pids \d+ \d+\n/)
  const pids = /pids (\d+) (\d+)/.exec(program.out)!.slice(1).map(Number)
  onTestFinished(() => {
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // As it should be.
      }
    }
  })
  return pids
}

async function expectDead(pids: readonly number[]): Promise<void> {
  for (const pid of pids) expect(await isRunning(pid)).toBe(false)
}

/** What happened to work on the machine, oldest first. */
async function events(connection: Connection<PrismaClient>, machineId: string): Promise<(string | null)[][]> {
  return (await connection.history(machineId)).reverse().map((row) => [row.event, row.failedCause])
}

describe('a command that runs to its end', () => {
  test('finds its lock in its environment; exit code 0 finishes the work, and its output is its own', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const [id] = machineIds
    const command = 'echo "$BMDB_MACHINE_ID $BMDB_PROCESS $BMDB_TOKEN $BMDB_SESSION_ID"; echo "$0 $*"'
    const program = exec(database.url, id, ['sh', '-c', command, '--json', '--help', '--'])
    expect(await program.ended()).toBe(0)
    const [row] = await connection.history(id)
    expect(program.out).toBe(`${id} P 1 ${row!.sessionId}\n--json --help --\n`)
    expect(program.err).toBe('')
    expect(await events(connection, id)).toEqual([
      ['Started', null],
      ['Finished', null],
    ])
    expect((await connection.fleet.sessions()).rows).toEqual([])
  })

  test('its exit code is passed on, the work has failed by it, and the process stays away for the backoff', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const [id] = machineIds
    const options = ['--backoff', '600', '--json']
    const program = exec(database.url, id, ['sh', '-c', 'exit 3'], options)
    expect(await program.ended()).toBe(3)
    expect(JSON.parse(program.err)).toEqual({
      exitCode: 3,
      outcome: 'failed',
      stopped: null,
      token: '1',
      command: 'exit code 3',
      note: null,
    })
    expect((await events(connection, id)).at(-1)).toEqual(['Failed', 'exit code 3'])
    const [backoff] = (await connection.fleet.backoffs()).rows
    expect(backoff!.until.getTime() - Date.now()).toBeGreaterThan(500_000)

    const refused = exec(database.url, id, ['true'])
    expect(await refused.ended()).toBe(6)
    expect(refused.err).toContain('in backoff')
    expect(await exec(database.url, id, ['true'], ['--ignore-backoff']).ended()).toBe(0)
  })

  test('one that a signal killed exits with 128 plus the signal, and the work has failed by it', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const program = exec(database.url, machineIds[0], ['sh', '-c', 'kill -9 $$'])
    expect(await program.ended()).toBe(137)
    expect((await events(connection, machineIds[0])).at(-1)).toEqual(['Failed', 'killed by SIGKILL'])
  })

  test('what it left in the background is ended before the lock is given back', async () => {
    const { database, machineIds } = await testMachines(1)
    const program = exec(database.url, machineIds[0], ['sh', '-c', 'sleep 60 & echo "pids $! $!"'])
    const pids = await pidsOf(program)
    expect(await program.ended()).toBe(0)
    await expectDead(pids)
  })
})

test('a command that is not there exits with 127, one that cannot be run with 126, and the work is cancelled', async () => {
  const { database, connection, machineIds } = await testMachines(1)
  const [id] = machineIds
  for (const [command, code] of [
    ['/no/such/command', 127],
    [import.meta.filename, 126],
  ] as const) {
    const program = exec(database.url, id, [command])
    expect(await program.ended()).toBe(code)
    expect(program.err).toContain(command)
    expect((await events(connection, id)).at(-1)).toEqual(['Canceled', null])
  }
  expect((await connection.fleet.backoffs()).rows).toEqual([])
})

describe('a lock that is not got', () => {
  test('exits with 6, names the holder, and the command does not run', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    await session.startWork('P', machineIds)
    const program = exec(database.url, machineIds[0], ['echo', 'ran'])
    expect(await program.ended()).toBe(6)
    expect(program.err).toMatch(new RegExp(`^error: machine .* is held for P by test \\(session ${session.id}\\).*\n$`))
    expect(program.out).toBe('')
  })

  test('is waited for with --wait, and a signal ends the waiting', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const session = await connection.startSession(noBeats)
    const work = await session.startWork('P', machineIds)
    const [one, other] = [1, 2].map(() => exec(database.url, machineIds[0], ['echo', 'ran'], ['--wait', '60']))
    await expect.poll(async () => (await connection.fleet.sessions()).rows.length, { timeout: 20_000 }).toBe(3)
    other!.child.kill('SIGTERM')
    expect(await other!.ended()).toBe(143)
    expect(other!.out).toBe('')
    await work!.finish()
    expect(await one!.ended()).toBe(0)
    expect(one!.out).toBe('ran\n')
  })

  test('of a machine that is not there exits with 4 at once, even with --wait', async () => {
    const { database } = await testMachines(0)
    const program = exec(database.url, '6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d', ['true'], ['--wait', '60'])
    expect(await program.ended()).toBe(4)
  })
})

describe('a command that has to stop', () => {
  test('gets the signal that the program gets; when it has ended the work is cancelled', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const program = exec(database.url, machineIds[0], ['sh', '-c', willing])
    const pids = await pidsOf(program)
    program.child.kill('SIGTERM')
    expect(await program.ended()).toBe(7)
    expect(program.out).toContain('asked to end')
    await expectDead(pids)
    expect((await events(connection, machineIds[0])).at(-1)).toEqual(['Canceled', null])
  })

  test('is killed with its whole group at the second signal', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const program = exec(database.url, machineIds[0], ['sh', '-c', stubborn])
    const pids = await pidsOf(program)
    program.child.kill('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 400))
    program.child.kill('SIGTERM')
    expect(await program.ended()).toBe(137)
    await expectDead(pids)
    expect((await events(connection, machineIds[0])).at(-1)).toEqual(['Canceled', null])
  })

  test('ends when an operator asks for the work: SIGTERM, then SIGKILL for the group, and the history says Released', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const options = ['--interval', '1', '--kill-after', '0.5']
    const program = exec(database.url, machineIds[0], ['sh', '-c', stubborn], options)
    const pids = await pidsOf(program)
    const released = connection.operator('ann').release(machineIds[0], 'P', { reason: 'it hangs', graceSeconds: 20 })
    expect(await program.ended()).toBe(9)
    await expectDead(pids)
    expect(program.err).toContain('an operator asked for the work')
    expect(await released).toMatchObject({ outcome: 'released' })
    expect((await events(connection, machineIds[0])).at(-1)).toEqual(['Released', 'released by ann: it hangs'])
  })

  test('is killed at once when the work is taken away while it was asked to end', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const options = ['--interval', '1', '--kill-after', '60']
    const program = exec(database.url, machineIds[0], ['sh', '-c', stubborn], options)
    const pids = await pidsOf(program)
    await connection.operator('ann').release(machineIds[0], 'P', { reason: 'it hangs', graceSeconds: 1 })
    expect(await program.ended()).toBe(9)
    await expectDead(pids)
  })

  test('is killed at once when the session was ended by an operator', async () => {
    const { database, connection, machineIds } = await testMachines(1)
    const program = exec(database.url, machineIds[0], ['sh', '-c', stubborn], ['--interval', '1', '--kill-after', '60'])
    const pids = await pidsOf(program)
    const [session] = (await connection.fleet.sessions()).rows
    await connection.operator('ann').endSession(session!.id, { reason: 'its host hangs' })
    expect(await program.ended()).toBe(9)
    await expectDead(pids)
    expect(program.err).toContain('the work was lost')
  })

  test.for([
    ['one that heeds SIGTERM has time to end', willing, 'asked to end'],
    ['one that does not is killed with its whole group', stubborn, 'killed by SIGKILL'],
  ])('is dead before anybody can take over when the database falls silent: %s', async ([, script, said]) => {
    const { database, connection, machineIds } = await testMachines(1)
    const [id] = machineIds
    await using proxy = await startWireProxy(database.url)
    const program = exec(proxy.url, id, ['sh', '-c', script!], ['--interval', '3'])
    const pids = await pidsOf(program)
    proxy.silence()
    // Somebody waits for the machine, and is told the moment it is free.
    const session = await connection.startSession(noBeats)
    let alive: boolean[] = []
    for (;;) {
      const work = await session.startWork('P', [id])
      if (work === null) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        continue
      }
      alive = await Promise.all(pids.map(isRunning))
      expect(work.token).toBe(2n)
      break
    }
    expect(alive).toEqual([false, false])
    expect(await program.ended()).toBe(9)
    expect(`${program.out}${program.err}`).toContain(said)
  })

  test('dies with this program, even where that is killed', async () => {
    const { database, machineIds } = await testMachines(1)
    const program = exec(database.url, machineIds[0], ['sh', '-c', stubborn])
    const pids = await pidsOf(program)
    program.child.kill('SIGKILL')
    expect(await program.ended()).toBeNull()
    for (const pid of pids) await expect.poll(() => isRunning(pid), { timeout: 5_000, interval: 20 }).toBe(false)
  })
})
