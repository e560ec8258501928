import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { checkExclusion, type Hold, type JournalRow } from '@bmdb/testing'
import { expect, inject, onTestFinished, test } from 'vitest'
import { eventually, testDatabase } from './setup.ts'

const machines = 500

/** Starts a program with a runner of 16 slots, and waits until it has a session. */
async function startProgram(url: string): Promise<ChildProcess> {
  const file = join(import.meta.dirname, 'runner-program.ts')
  // What was built starts faster, where it is fresh.
  const conditions = inject('built') ? [] : ['--conditions=@bmdb/source']
  const child = spawn(process.execPath, ['--import', 'tsx', ...conditions, file, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

test(
  'two programs, one killed halfway: every machine is done, none by two at a time, and nothing is left behind',
  { timeout: 60_000 },
  async () => {
    const database = await testDatabase()
    await database.sql(
      'CREATE TABLE windows (machine_id UUID, token INT8, holder TEXT, from_ns INT8, to_ns INT8, PRIMARY KEY (machine_id, token))',
    )
    const [killed, other] = await Promise.all([startProgram(database.url), startProgram(database.url)])
    await database.addMachines(machines)
    const done = () => database.count('machine_hardware_report')
    await eventually('half of them are done', async () => (await done()) >= machines / 2, 30_000)
    const killedNs = process.hrtime.bigint()
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    expect(await done()).toBeLessThan(machines)
    await eventually('all are done', async () => (await done()) === machines, 30_000)
    other.kill('SIGTERM')
    expect(await once(other, 'exit')).toEqual([0, null])

    const rows = await database.sql<{
      machine_id: string
      token: string
      holder: string
      from: string
      to: string | null
    }>('SELECT machine_id, token, holder, from_ns AS from, to_ns AS to FROM windows')
    const holds = rows.map((row): Hold => ({
      machineId: row.machine_id,
      process: 'P',
      token: BigInt(row.token),
      holder: row.holder,
      fromNs: BigInt(row.from),
      toNs: row.to === null ? undefined : BigInt(row.to),
    }))
    const journal = await database.sql<JournalRow>(
      `SELECT machine_id AS "machineId", process, event, work_token AS token, session_id AS "sessionId" FROM work_history`,
    )
    const pauses = [{ holder: String(killed.pid), fromNs: killedNs, toNs: undefined }]
    expect(checkExclusion({ holds, journal, pauses })).toEqual([])
    // Both had their share, and each machine was finished once.
    expect(new Set(holds.map((hold) => hold.holder)).size).toBe(2)
    expect(journal.filter((row) => row.event === 'Finished')).toHaveLength(machines)
    // What the killed one held was taken over, with no collector running.
    expect(journal.filter((row) => row.event === 'Expired').length).toBeGreaterThan(0)
    expect(await database.count('work')).toBe(0)
    expect(await database.count('sessions')).toBe(0)
  },
)
