// A program that holds machines and stands inside guarded transactions of them. Its parent tells it what to do by
// messages, may freeze it or kill it meanwhile, and is told how the transactions ended. It ends with its parent.
import { BMDB, type PrismaClient, type Session, type Work } from '../../src/index.ts'
import type { Hold, Report, Way } from './holder.ts'

type Transact = Session<PrismaClient>['transact']

const transacts: Record<Way, (session: Session<PrismaClient>, work: Work<PrismaClient>) => Transact> = {
  'session.transact': (session) => session.transact.bind(session),
  'work.transact': (_, work) => work.transact.bind(work),
  finish: (_, work) => ((fn, options) => work.finish(fn, options)) as Transact,
}

/** Resolves at the next message that says so. */
function told(what: 'go on'): Promise<void> {
  return new Promise((resolve) => {
    const onMessage = (message: unknown): void => {
      if (message !== what) return
      process.off('message', onMessage)
      resolve()
    }
    process.on('message', onMessage)
  })
}

function report(message: Report): void {
  process.send?.(message)
}

async function hold({ url, holders, inside, intervalSeconds }: Hold): Promise<void> {
  const connection = await new BMDB({ databaseUrl: url, componentName: 'holder' }).open()
  // Prisma's first query takes long: not while an interval runs.
  await connection.prisma.machine.count()
  const goOn = told('go on')
  let begun = 0
  const sessions: string[] = []
  const ends = holders.map(async ({ machineId, way }, index) => {
    const session = await connection.startSession({ intervalSeconds })
    const work = (await session.startWork('P', [machineId]))!
    sessions[index] = session.id
    const transact = transacts[way](session, work)
    const error = await transact(async (tx, { attempt }) => {
      await tx.bmc.create({ data: { machineId, address: `written inside ${way}` } })
      if (attempt === 1 && ++begun === holders.length) report({ inside: sessions })
      if (inside === 'idle') await goOn
      else if (inside === 'a statement') await tx.$executeRawUnsafe('SELECT pg_sleep(60)')
      else await tx.$queryRawUnsafe(`SELECT repeat('x', 1000000) FROM generate_series(1, 500)`)
    }).then(
      () => ({ code: 'it committed', reason: undefined }),
      (thrown: unknown) => thrown as { code: string; reason: string | undefined },
    )
    return { code: error.code, reason: error.reason, lost: work.signal.aborted && session.signal.aborted }
  })
  report({ ends: await Promise.all(ends) })
  await connection.close()
}

process.on('disconnect', () => process.exit())
process.on('message', (message) => {
  if (typeof message === 'object') void hold(message as Hold)
})
