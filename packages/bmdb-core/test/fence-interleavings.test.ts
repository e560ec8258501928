import { describe, expect, test } from 'vitest'
import type { PrismaClient, Session, Work } from '../src/index.ts'
import type { TestDatabase } from './setup.ts'
import { moveBoth, Mover } from './support/mover.ts'
import { everySchedule, type Choose } from './support/schedules.ts'
import { Stops, type Stop } from './support/stops.ts'
import { addMachines, expire, gate, noBeats, testMachines } from './work-setup.ts'

type Transaction = Parameters<Parameters<Session<PrismaClient>['transact']>[0]>[0]
type HolderStop = Stop | 'guarded' | 'written'

/** A holder with its work on one machine, and another machine that it might claim. */
interface Holding {
  readonly session: Session<PrismaClient>
  readonly work: Work<PrismaClient>
  readonly machineId: string
  readonly otherId: string
}

interface Operation {
  readonly run: (holding: Holding, write: (tx: Transaction) => Promise<void>) => Promise<unknown>
  /** Where it is stopped, in order: `guarded` and `written` in the caller's function, the others inside the server. */
  readonly stops: readonly HolderStop[]
  /** The last stop before it sends COMMIT; null where the statement commits by itself. */
  readonly beforeCommit: HolderStop | null
  /** What there is to see of it once it is committed. */
  readonly trace: string
}

const byFunction = { beforeCommit: 'written' } as const
const byItself = { stops: ['before work', 'in COMMIT'], beforeCommit: null } as const

const operations: Record<string, Operation> = {
  'session.transact': {
    ...byFunction,
    run: ({ session }, write) => session.transact(write),
    stops: ['guarded', 'written', 'in COMMIT'],
    trace: 'written',
  },
  'work.transact': {
    ...byFunction,
    run: ({ work }, write) => work.transact(write),
    stops: ['before work', 'guarded', 'written', 'in COMMIT'],
    trace: 'written',
  },
  'finish with a function': {
    ...byFunction,
    run: ({ work }, write) => work.finish(write),
    stops: ['before work', 'guarded', 'written', 'in COMMIT'],
    trace: 'Finished, written',
  },
  finish: { ...byItself, run: ({ work }) => work.finish(), trace: 'Finished' },
  fail: { ...byItself, run: ({ work }) => work.fail('no'), trace: 'Failed, backoff' },
  cancel: { ...byItself, run: ({ work }) => work.cancel(), trace: 'Canceled' },
  'a claim of another machine': {
    run: ({ session, otherId }) => session.startWork('P', [otherId]),
    stops: ['before the token', 'in COMMIT'],
    beforeCommit: null,
    trace: 'Started',
  },
}

const takerStops: readonly Stop[] = ['before work', 'before the session', 'before the token', 'in COMMIT']

/** What of a session's doings is committed, besides its first claim and its end by others. */
async function traceOf(database: TestDatabase, { session, machineId }: Holding): Promise<string> {
  const rows = await database.sql<{ what: string }>(
    `SELECT event AS what, 1 AS sort FROM work_history
     WHERE session_id = $1 AND event <> 'Expired' AND NOT (event = 'Started' AND machine_id = $2)
     UNION ALL SELECT 'backoff', 2 FROM work_backoff WHERE machine_id = $2
     UNION ALL SELECT 'written', 3 FROM machine_bmc WHERE machine_id = $2 ORDER BY sort`,
    session.id,
    machineId,
  )
  return rows.map((row) => row.what).join(', ')
}

/** A database with gates in it, and a connection for each party. */
async function lane() {
  const { connection, database } = await testMachines(0)
  const at = await Stops.install(database)
  return { connection, database, at, takers: await database.open({ databaseUrl: at.takerUrl }) }
}

type Lane = Awaited<ReturnType<typeof lane>>

async function everyInterleaving(names: readonly string[], lanes: number): Promise<void> {
  const all = await Promise.all(Array.from({ length: lanes }, () => lane()))
  for (const name of names) {
    const operation = operations[name]!
    const seen = { committed: 0, lost: 0, holderWaited: 0, takeoverWaited: 0 }
    const schedules = await everySchedule(all, (choose, one) => interleave(name, operation, choose, one, seen))
    for (const times of Object.values(seen)) expect(times, name).toBeGreaterThan(0)
    expect(schedules, name).toBeGreaterThan(10)
  }
}

const withFunction = ['session.transact', 'work.transact', 'finish with a function']
const alone = Object.keys(operations).filter((name) => !withFunction.includes(name))

describe('promise 2: in every interleaving with a takeover, what a holder commits is committed before that returns', () => {
  test(withFunction.join(', '), { timeout: 60_000 }, () => everyInterleaving(withFunction, 8))
  test(alone.join(', '), { timeout: 60_000 }, () => everyInterleaving(alone, 3))
})

async function interleave(
  name: string,
  operation: Operation,
  choose: Choose,
  { connection, database, at, takers }: Lane,
  seen: { committed: number; lost: number; holderWaited: number; takeoverWaited: number },
): Promise<void> {
  const [machineId, otherId] = (await addMachines(database, 2)) as [string, string]
  const session = await connection.startSession(noBeats)
  const holding = { session, machineId, otherId, work: (await session.startWork('P', [machineId]))! }
  const taking = await takers.startSession(noBeats)
  await expire(database, session)

  const gates = { guarded: gate(), written: gate() }
  const standing = new Set<HolderStop>()
  const stand = async (stop: 'guarded' | 'written'): Promise<void> => {
    standing.add(stop)
    await gates[stop].opened
    standing.delete(stop)
  }
  const holder = new Mover<HolderStop>({
    stops: operation.stops,
    start: () =>
      operation.run(holding, async (tx) => {
        await stand('guarded')
        await tx.bmc.create({ data: { machineId, address: 'x' } })
        await stand('written')
      }),
    open: (stop) => (stop === 'guarded' || stop === 'written' ? gates[stop].open() : at.open('holder', stop)),
    look: async () => {
      const inServer = await at.look('holder')
      return { waiting: inServer.waiting, standing: [...inServer.standing, ...standing] }
    },
  })
  let commitSent = false
  let returned: { readonly trace: string; readonly commitSent: boolean } | undefined
  const takeover = new Mover<Stop>({
    stops: takerStops,
    start: async () => {
      // Not kept away by the backoff of a `fail` that came before it.
      const work = await taking.startWork('P', [machineId], { ignoreBackoff: true })
      const sent = commitSent
      returned = { commitSent: sent, trace: await traceOf(database, holding) }
      return work?.token
    },
    open: (stop) => at.open('taker', stop),
    look: () => at.look('taker'),
  })

  const turns: string[] = []
  await at.closeAll({ holder: operation.stops.filter(inServer), taker: takerStops })
  try {
    // A statement that commits by itself is soon over whatever its program does: no connection is ended for it.
    await moveBoth(holder, takeover, operation.beforeCommit !== null, (options) => {
      const turn = choose(options)
      turns.push(`${turn} (${holder.state}, ${takeover.state})`)
      if (turn === 'first' && (operation.beforeCommit === null || holder.past(operation.beforeCommit)))
        commitSent = true
      return turn
    })
  } finally {
    await at.openAll()
  }

  const told = `${name}: ${turns.join(', then ')}`
  expect(takeover.outcome, told).toEqual({ value: 2n })
  const committed = 'value' in holder.outcome!
  if (!committed) expect(holder.outcome, told).toMatchObject({ error: { code: 'ERR_SESSION_EXPIRED' } })
  const trace = committed ? operation.trace : ''
  // In real time: what was there when the takeover returned is all that there ever is.
  expect(returned!.trace, told).toBe(trace)
  expect(await traceOf(database, holding), told).toBe(trace)
  if (!returned!.commitSent) expect(committed, told).toBe(false)
  expect(await database.sql('SELECT * FROM work WHERE session_id = $1', session.id), told).toEqual([])
  await taking.close()

  seen[committed ? 'committed' : 'lost'] += 1
  if (holder.waited) seen.holderWaited += 1
  if (takeover.waited) seen.takeoverWaited += 1
}

function inServer(stop: HolderStop): stop is Stop {
  return stop !== 'guarded' && stop !== 'written'
}
