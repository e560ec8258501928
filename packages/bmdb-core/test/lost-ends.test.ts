import { describe, expect, test } from 'vitest'
import { count, failInserts, forgetOutcomes } from './helpers.ts'
import { events, machinesBehindProxy } from './work-setup.ts'
import { faults } from './proxy.ts'

const cuts = [
  ['Before', 'cut before'],
  ['After', 'cut after'],
  ['Between', 'cut between'],
] as const

describe('promise 5: an end whose answer was lost is reported as done, and done once', () => {
  test.each([
    ['finish', 'Finished'],
    ['fail', 'Failed'],
    ['cancel', 'Canceled'],
  ] as const)('%s', async (end, event) => {
    const { connection, database, proxy, session, machineIds } = await machinesBehindProxy(1)
    for (const [process, fault] of cuts) {
      const work = (await session.startWork(process, machineIds))!
      const faulted = proxy.next(`bmdb_${end}`, faults[fault])
      if (end === 'fail') await work.fail('no', { initialSeconds: 10, exponent: 2 })
      else await work[end]()
      await faulted
      expect(work.ended, fault).toBe(true)
      expect(work.signal.aborted, fault).toBe(false)
    }
    expect(await events(connection, machineIds[0]!)).toEqual(cuts.flatMap(() => ['Started', event]))
    expect(await count(database, 'work')).toBe(0)
    // Twice would be 20.
    expect(await database.sql('SELECT last_interval_seconds::int AS seconds FROM work_backoff')).toEqual(
      end === 'fail' ? cuts.map(() => ({ seconds: 10 })) : [],
    )
  })
})

type Telling = 'can tell' | 'cannot tell'

/** Work on a machine, and a finish that stores a report, on a database that can tell how a transaction ended, or not. */
async function finishing(tells: Telling) {
  const made = await machinesBehindProxy(1)
  const { connection, database, machineIds, proxy, session } = made
  const [machineId] = machineIds as [string]
  if (tells === 'cannot tell') {
    await forgetOutcomes(database)
    proxy.cut()
  }
  const work = (await session.startWork('P', machineIds))!
  const attempts: number[] = []
  const finish = () =>
    work.finish(async (tx, { attempt }) => {
      attempts.push(attempt)
      await tx.hardwareReport.create({ data: { machineId, report: {} } })
      return `of attempt ${attempt}`
    })
  const onlyOnce = async (): Promise<void> => {
    expect(work.ended).toBe(true)
    expect(work.signal.aborted).toBe(false)
    expect(await count(database, 'machine_hardware_report')).toBe(1)
    expect(await count(database, 'work')).toBe(0)
    expect(await events(connection, machineId)).toEqual(['Started', 'Finished'])
  }
  return { database, proxy, attempts, finish, onlyOnce }
}

describe.each<Telling>(['can tell', 'cannot tell'])(
  'promise 5: finish with a function whose COMMIT went unanswered, where the database %s how it ended',
  (tells) => {
    test('it was committed: nothing is run again', async () => {
      const { proxy, finish, attempts, onlyOnce } = await finishing(tells)
      const faulted = proxy.next(/^COMMIT$/, faults['cut after'])
      expect(await finish()).toBe('of attempt 1')
      await faulted
      expect(attempts).toEqual([1])
      await onlyOnce()
    })

    test('it never arrived: run again, and done once', async () => {
      const { proxy, finish, attempts, onlyOnce } = await finishing(tells)
      const faulted = proxy.next(/^COMMIT$/, faults['cut before'])
      expect(await finish()).toBe('of attempt 2')
      await faulted
      expect(attempts).toEqual([1, 2])
      await onlyOnce()
    })

    test('it was refused, and nobody heard: run again, and done once', async () => {
      const { database, proxy, finish, attempts, onlyOnce } = await finishing(tells)
      await failInserts(database, { sqlState: '40001', table: 'machine_hardware_report' })
      const faulted = proxy.next(/^COMMIT$/, faults['cut after'])
      expect(await finish()).toBe('of attempt 2')
      await faulted
      expect(attempts).toEqual([1, 2])
      await onlyOnce()
    })

    test('its backend was ended before it took effect: run again, and done once', async () => {
      const { database, finish, attempts, onlyOnce } = await finishing(tells)
      await failInserts(database, {
        table: 'machine_hardware_report',
        doing: `IF nextval('inserts') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;`,
      })
      expect(await finish()).toBe('of attempt 2')
      expect(attempts).toEqual([1, 2])
      await onlyOnce()
    })

    test('it takes its time while the connection breaks: done once', async () => {
      const { database, proxy, finish, onlyOnce } = await finishing(tells)
      await failInserts(database, { table: 'machine_hardware_report', doing: 'PERFORM pg_sleep(0.4);' })
      const faulted = proxy.next(/^COMMIT$/, faults['no answer'])
      const done = finish()
      await faulted
      proxy.forsake()
      // The server was not told that the connection broke: this COMMIT takes effect.
      expect(await done).toBe('of attempt 1')
      await onlyOnce()
    })
  },
)

test('promise 5: finish with a function on a connection that nobody answers on any more', async () => {
  const done = (['can tell', 'cannot tell'] as const).map(async (tells) => {
    const { proxy, finish, attempts, onlyOnce } = await finishing(tells)
    void proxy.next(/^COMMIT$/, faults['no answer'])
    expect(await finish(), tells).toBe('of attempt 1')
    expect(attempts, tells).toEqual([1])
    await onlyOnce()
  })
  await Promise.all(done)
})
