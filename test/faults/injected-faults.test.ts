import type { Fault } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { faultTable, outcomes, phases, type Injection, type Outcome, type Phase } from './fault-table.ts'
import { callOf, forgetOutcomes, stage, statements, type Stage, type Tx } from './setup.ts'

/** Whether the server did what the statement said although nobody was told. */
type Done = 'done' | 'not done'

/** The fault that goes with an injection: the server does the statement, and its answer is lost; or it never gets it. */
function faultOf(injection: Injection, done: Done): Fault {
  if ('cut' in injection) return { do: 'cut', when: done === 'done' ? 'after' : 'before', how: injection.cut }
  return { do: 'answer', with: injection, when: done === 'done' ? 'after' : 'instead' }
}

const named = (injection: Injection): string => ('cut' in injection ? injection.cut : injection.sqlState)

/** How an error tells its code: the server's own, or Prisma's that has it inside. */
const carries = (sqlState: string) =>
  expect.toSatisfy((error: { code?: string; meta?: { driverAdapterError?: { cause?: { originalCode?: string } } } }) =>
    [error.code, error.meta?.driverAdapterError?.cause?.originalCode].includes(sqlState),
  ) as unknown

/** Lets a fault strike once, and expects the outcome. */
type Trial = (on: Stage, injection: Injection) => Promise<void>

const beforeCommit =
  (match: (typeof statements)['guard' | 'insert']) =>
  (outcome: Outcome): Trial =>
  async (on, injection) => {
    const struck = on.proxy.next(match, faultOf(injection, 'not done'))
    const { machineId, attempts, error } = await callOf(on)
    await struck
    if (outcome === 'retried') expect(error).toBeUndefined()
    else expect(error).toEqual(carries(named(injection)))
    const atGuard = match === statements.guard
    // The function runs once for each attempt that got past the guard.
    expect(attempts).toBe((outcome === 'retried' ? 2 : 1) - (atGuard ? 1 : 0))
    expect(await on.written(machineId)).toBe(outcome === 'retried')
  }

const atCommit =
  (outcome: Outcome): Trial =>
  async (on, injection) => {
    // Where the server refused, nothing was done.
    const cases: Done[] = outcome === 'retried' || outcome === 'thrown' ? ['not done'] : ['done', 'not done']
    for (const done of outcome === 'committed' ? (['done'] as const) : cases) {
      const struck = on.proxy.next(statements.commit, faultOf(injection, done))
      const { machineId, attempts, error } = await callOf(on)
      await struck
      const again = done === 'not done' && (outcome === 'retried' || outcome === 'asked')
      const thrown = outcome === 'thrown' || (outcome === 'askedAndThrown' && done === 'not done')
      expect(attempts).toBe(again ? 2 : 1)
      if (thrown) expect(error).toEqual(carries(named(injection)))
      else expect(error).toBeUndefined()
      expect(await on.written(machineId)).toBe(!thrown)
      if (outcome === 'committed') expect(on.warnings.splice(0)).toHaveLength(1)
    }
  }

/** Without `verify` the outcome is unknown; with it, it is reported as it was. */
const untold: Trial = async (on, injection) => {
  for (const done of ['done', 'not done'] as const) {
    const struck = on.proxy.next(statements.commit, faultOf(injection, done))
    const unknown = await callOf(on)
    await struck
    expect(unknown).toMatchObject({ attempts: 1, error: { code: 'ERR_COMMIT_OUTCOME_UNKNOWN' } })
    expect(await on.written(unknown.machineId)).toBe(done === 'done')

    void on.proxy.next(statements.commit, faultOf(injection, done))
    let attempts = 0
    const before = await machines(on)
    const verify = async (tx: Tx): Promise<boolean> => (await tx.machine.count()) > before
    const write = on.session.transact(
      async (tx) => {
        attempts += 1
        await tx.machine.create({ data: {} })
      },
      { verify },
    )
    const error = await write.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (error === undefined) expect(attempts).toBe(done === 'done' ? 1 : 2)
    // Not done, and not to be tried again.
    else expect([done, error]).toEqual(['not done', carries(named(injection))])
    expect(await machines(on)).toBe(error === undefined ? before + 1 : before)
  }
}

const own =
  (outcome: Outcome): Trial =>
  async (on, injection) => {
    for (const done of outcome === 'onceByMark' ? (['done', 'not done'] as const) : (['not done'] as const)) {
      const { id } = await on.connection.prisma.machine.create({ data: {} })
      const claimStruck = on.proxy.next(statements.claim, faultOf(injection, done))
      const claim = on.session.startWork('P', [id])
      if (outcome === 'thrown') {
        await expect(claim).rejects.toEqual(carries(named(injection)))
        await claimStruck
        expect(await events(on, id)).toEqual([])
      } else expect((await claim)?.token).toBe(1n)
      await claimStruck
      const work = outcome === 'thrown' ? await on.session.startWork('P', [id]) : await claim
      const finishStruck = on.proxy.next(statements.finish, faultOf(injection, done))
      const finish = work!.finish()
      if (outcome === 'thrown') {
        await expect(finish).rejects.toEqual(carries(named(injection)))
        expect(await events(on, id)).toEqual(['Started'])
        await work!.finish()
      } else await finish
      await finishStruck
      expect(await events(on, id)).toEqual(['Started', 'Finished'])
    }
  }

/** Nothing was written: it makes no difference whether the server had committed. */
const retrieving =
  (outcome: Outcome): Trial =>
  async (on, injection) => {
    for (const done of outcome === 'committed' ? (['done'] as const) : (['done', 'not done'] as const)) {
      const { id } = await on.connection.prisma.machine.create({ data: {} })
      let runs = 0
      const struck = on.proxy.next(statements.commit, faultOf(injection, done))
      const claim = on.session.startWork('P', () => {
        runs += 1
        return [id]
      })
      if (outcome === 'thrown') await expect(claim).rejects.toEqual(carries(named(injection)))
      else expect((await claim)?.token).toBe(1n)
      await struck
      expect(runs).toBe(outcome === 'retried' ? 2 : 1)
      expect(await events(on, id)).toEqual(outcome === 'thrown' ? [] : ['Started'])
      if (outcome === 'committed') expect(on.warnings.splice(0)).toHaveLength(1)
    }
  }

const trials: Record<Phase, (outcome: Outcome) => Trial> = {
  starting: beforeCommit(statements.guard),
  running: beforeCommit(statements.insert),
  committing: atCommit,
  untold: (outcome) => (outcome === 'verified' ? untold : atCommit(outcome)),
  own,
  retrieving,
}

for (const { fault, injected, outcomes: outcomeOf } of faultTable.filter((row) => row.injected !== undefined))
  describe(fault, () => {
    for (const [phase, outcome] of Object.entries(outcomeOf) as [Phase, Outcome][])
      test(`${phases[phase]}: ${outcomes[outcome]}`, async () => {
        const on = await stage()
        if (phase === 'untold') await forgetOutcomes(on)
        for (const injection of injected!) await trials[phase](outcome)(on, injection)
      })
  })

async function machines({ client }: Stage): Promise<number> {
  const { rows } = await client.query<{ n: number }>('SELECT count(*)::int4 AS n FROM machines')
  return rows[0]!.n
}

async function events({ client }: Stage, machineId: string): Promise<string[]> {
  const { rows } = await client.query<{ event: string }>(
    'SELECT event FROM work_history WHERE machine_id = $1::uuid ORDER BY "timestamp"',
    [machineId],
  )
  return rows.map((row) => row.event)
}
