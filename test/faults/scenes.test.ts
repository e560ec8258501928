import { cockroachErrors, gate } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { faultTable, outcomes, phases, type Phase, type SceneName } from './fault-table.ts'
import { callOf, forgetOutcomes, stage, statements, type Stage } from './setup.ts'

/** Plays a fault that is more than one wrong answer, and expects what its row of the table says. */
type Scene = () => Promise<void>

const noAdmission = [{ sqlState: '57P03' }, cockroachErrors.notAcceptingClients, cockroachErrors.tooManyConnections]

/** Limits short enough to be waited for. */
const soon = { timeoutMs: 700 }

async function untoldStage(): Promise<Stage> {
  const on = await stage()
  await forgetOutcomes(on)
  return on
}

/** What a call is ended by while it waits for something that never comes, and what it must reject with. */
interface End {
  readonly options: (caller: AbortSignal) => { timeoutMs?: number; signal?: AbortSignal }
  act(on: Stage, caller: AbortController): Promise<void>
  readonly error: object
}

const mine = new Error('the caller’s own')
const ends = {
  'time limit': {
    options: () => soon,
    act: async () => {},
    error: { code: 'ERR_TRANSACTION_TIMEOUT' },
  },
  signal: {
    options: (signal) => ({ signal }),
    act: async (_on, caller) => caller.abort(mine),
    error: mine,
  },
  'session lost': {
    options: () => ({}),
    // No beat gets through any more.
    act: async ({ client, session }) => {
      const lost = new Promise((resolve) => session.signal.addEventListener('abort', resolve))
      await client.query('BEGIN')
      await client.query('SELECT 1 FROM session_leases FOR UPDATE')
      await lost
      await client.query('ROLLBACK')
    },
    error: { code: 'ERR_SESSION_EXPIRED', reason: 'deadline' },
  },
} satisfies Record<string, End>

function scenesOf(end: End): Record<Exclude<Phase, 'untold'>, Scene> {
  const beating = { intervalSeconds: 1 }
  return {
    async starting() {
      const on = await stage(beating)
      const caller = new AbortController()
      const held = on.proxy.next(statements.guard, { do: 'hold', when: 'before' })
      const call = callOf(on, end.options(caller.signal))
      await held
      await end.act(on, caller)
      expect(await call).toMatchObject({ attempts: 0, error: end.error })
    },
    async running() {
      const on = await stage(beating)
      const caller = new AbortController()
      const held = on.proxy.next(statements.insert, { do: 'hold', when: 'after' })
      const call = callOf(on, end.options(caller.signal))
      await held
      await end.act(on, caller)
      const { machineId, attempts, error } = await call
      expect({ attempts, error }).toMatchObject({ attempts: 1, error: end.error })
      expect(await on.written(machineId)).toBe(false)
    },
    async committing() {
      const on = await stage(beating)
      const caller = new AbortController()
      const held = on.proxy.next(statements.commit, { do: 'hold', when: 'after' })
      const call = callOf(on, end.options(caller.signal))
      await held
      await end.act(on, caller)
      on.proxy.restore()
      const { machineId, error } = await call
      expect(error).toBeUndefined()
      expect(await on.written(machineId)).toBe(true)
    },
    async own() {
      for (const answered of [true, false]) {
        const on = await stage(beating)
        const { id } = await on.connection.prisma.machine.create({ data: {} })
        const caller = new AbortController()
        const held = on.proxy.next(statements.claim, { do: 'hold', when: 'before' })
        const claim = on.session.startWork('P', [id], end.options(caller.signal)).then(
          (work) => ({ work }),
          (error: unknown) => ({ error }),
        )
        await held
        await end.act(on, caller)
        if (answered) on.proxy.restore()
        const outcome = await claim
        if ('error' in outcome) expect(outcome.error).toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN' })
        else expect(answered && outcome.work?.machineId).toBe(id)
      }
    },
    async retrieving() {
      const on = await stage(beating)
      const { id } = await on.connection.prisma.machine.create({ data: {} })
      const caller = new AbortController()
      const held = on.proxy.next(statements.commit, { do: 'hold', when: 'after' })
      const claim = on.session.startWork('P', () => [id], end.options(caller.signal))
      claim.catch(() => {})
      await held
      await end.act(on, caller)
      await expect(claim).rejects.toMatchObject(end.error)
      expect((await on.client.query('SELECT 1 FROM work_history')).rowCount).toBe(0)
    },
  }
}

const swallowed: Scene = async () => {
  const on = await stage()
  let seen: unknown
  const call = on.session.transact(async (tx) => {
    await tx.machine.create({ data: {} })
    await tx.$executeRaw`SELECT 1 / 0`.catch((error: unknown) => (seen = error))
  })
  await expect(call).rejects.toSatisfy((error) => error === seen)
  expect((await on.client.query('SELECT 1 FROM machines')).rowCount).toBe(0)
}

/** What BMDB sends along with COMMIT fails: COMMIT itself gets no error, and ROLLBACK for an answer. */
const failsAlongWithCommit = (on: Stage): Promise<void> =>
  on.proxy.next('SET LOCAL statement_timeout = 0', { do: 'answer', with: { sqlState: '57014' }, when: 'instead' })

const rollbackForAnswer: Scene = async () => {
  const on = await stage()
  const struck = failsAlongWithCommit(on)
  const { machineId, error } = await callOf(on)
  await struck
  expect(error).toMatchObject({ code: '57014' })
  expect(await on.written(machineId)).toBe(false)
}

const rollbackOfRetrieve: Scene = async () => {
  const on = await stage()
  const { id } = await on.connection.prisma.machine.create({ data: {} })
  const struck = failsAlongWithCommit(on)
  await expect(on.session.startWork('P', () => [id])).rejects.toMatchObject({ code: '57014' })
  await struck
}

const scenes: Record<SceneName, Partial<Record<Phase, Scene>>> = {
  'no connection': {
    async starting() {
      const on = await stage()
      on.proxy.refuse()
      const call = callOf(on)
      await refusedTwice(on)
      on.proxy.restore()
      expect(await call).toMatchObject({ attempts: 1 })
      on.proxy.refuse()
      const { attempts, error } = await callOf(on, soon)
      expect(attempts).toBe(0)
      expect(error).toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT', cause: { code: 'ERR_DATABASE_UNAVAILABLE' } })
    },
    async own() {
      const on = await stage()
      const { id } = await on.connection.prisma.machine.create({ data: {} })
      on.proxy.refuse()
      const claim = on.session.startWork('P', [id])
      await refusedTwice(on)
      on.proxy.restore()
      expect((await claim)?.token).toBe(1n)
    },
  },
  'no admission': {
    async starting() {
      const on = await stage()
      for (const error of noAdmission) {
        on.proxy.refuse(error)
        const call = callOf(on)
        await refusedTwice(on)
        on.proxy.restore()
        expect(await call).toMatchObject({ attempts: 1 })
      }
    },
    async own() {
      const on = await stage()
      for (const error of noAdmission) {
        on.proxy.restore()
        const { id } = await on.connection.prisma.machine.create({ data: {} })
        on.proxy.refuse(error)
        const claim = on.session.startWork('P', [id])
        await refusedTwice(on)
        on.proxy.restore()
        expect((await claim)?.token).toBe(1n)
      }
    },
  },
  'full pool': {
    async starting() {
      const { on, release } = await fullPool()
      const call = callOf(on)
      release()
      expect(await call).toMatchObject({ attempts: 1 })
    },
    async own() {
      const { on, release } = await fullPool()
      const claim = on.session.startWork('P', ['00000000-0000-4000-8000-000000000000'])
      release()
      expect(await claim).toBeNull()
    },
  },
  'black hole': {
    async starting() {
      const on = await stage()
      void on.proxy.next(statements.guard, { do: 'hold', when: 'before' })
      expect(await callOf(on, soon)).toMatchObject({ attempts: 0, error: { code: 'ERR_TRANSACTION_TIMEOUT' } })
    },
    async running() {
      const on = await stage()
      void on.proxy.next(statements.insert, { do: 'hold', when: 'after' })
      const { machineId, attempts, error } = await callOf(on, soon)
      expect({ attempts, error }).toMatchObject({ attempts: 1, error: { code: 'ERR_TRANSACTION_TIMEOUT' } })
      expect(await on.written(machineId)).toBe(false)
    },
    async committing() {
      const on = await stage()
      void on.proxy.next(statements.commit, { do: 'hold', when: 'after' })
      const { machineId, attempts, error } = await callOf(on)
      expect({ attempts, error }).toEqual({ attempts: 1, error: undefined })
      expect(await on.written(machineId)).toBe(true)
    },
    async untold() {
      const on = await untoldStage()
      void on.proxy.next(statements.commit, { do: 'hold', when: 'after' })
      const { machineId, error } = await callOf(on)
      expect(error).toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN' })
      expect(await on.written(machineId)).toBe(true)
    },
    async own() {
      const on = await stage()
      const { id } = await on.connection.prisma.machine.create({ data: {} })
      void on.proxy.next(statements.claim, { do: 'hold', when: 'after' })
      const claim = on.session.startWork('P', [id], soon)
      await expect(claim).rejects.toMatchObject({ code: 'ERR_COMMIT_OUTCOME_UNKNOWN' })
    },
    async retrieving() {
      const on = await stage()
      const { id } = await on.connection.prisma.machine.create({ data: {} })
      void on.proxy.next(statements.commit, { do: 'hold', when: 'after' })
      expect((await on.session.startWork('P', () => [id]))?.token).toBe(1n)
    },
  },
  'time limit': withUntold(scenesOf(ends['time limit'])),
  signal: withUntold(scenesOf(ends.signal)),
  'session lost': withUntold(scenesOf(ends['session lost'])),
  'swallowed error': { running: swallowed },
  'ROLLBACK for an answer': {
    committing: rollbackForAnswer,
    untold: rollbackForAnswer,
    retrieving: rollbackOfRetrieve,
  },
  'program frozen': {
    async running() {
      const on = await stage()
      const inside = gate()
      const call = on.session.transact(async (tx) => {
        await tx.machine.create({ data: {} })
        inside.open()
        await new Promise(() => {})
      }, soon)
      await inside.opened
      on.proxy.silence()
      await expect(call).rejects.toMatchObject({ code: 'ERR_TRANSACTION_TIMEOUT' })
      // The server never hears of it, and ends the transaction by itself.
      const open = () =>
        on.client.query(`SELECT state FROM pg_stat_activity WHERE application_name = $1`, [`bmdb ${on.session.id}`])
      expect((await open()).rows).toEqual([{ state: 'idle in transaction' }])
      await expect.poll(async () => (await open()).rowCount, { timeout: 5_000 }).toBe(0)
    },
  },
}

for (const { fault, scene, outcomes: outcomeOf } of faultTable) {
  if (scene === undefined) continue
  describe(fault, () => {
    for (const phase of Object.keys(outcomeOf) as Phase[]) {
      if (outcomeOf[phase] === 'never') continue
      test(`${phases[phase]}: ${outcomes[outcomeOf[phase]]}`, async () => {
        const play = scenes[scene][phase]
        if (play === undefined) throw new Error(`nobody plays "${scene}" ${phases[phase]}`)
        await play()
      })
    }
  })
}

/** Nobody is asked for the outcome: the answer itself is awaited. */
function withUntold(all: ReturnType<typeof scenesOf>): Record<Phase, Scene> {
  return { ...all, untold: all.committing }
}

async function refusedTwice({ proxy }: Stage): Promise<void> {
  const { connections } = proxy.counts
  await expect.poll(() => proxy.counts.connections, { timeout: 5_000 }).toBeGreaterThanOrEqual(connections + 2)
}

async function fullPool(): Promise<{ on: Stage; release: () => void }> {
  const on = await stage({ poolSize: 1 })
  const inside = gate()
  const done = gate()
  void on.session.transact(async () => {
    inside.open()
    await done.opened
  })
  await inside.opened
  return { on, release: () => done.open() }
}
