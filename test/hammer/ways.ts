import { claimable, isBMDBError, type PrismaClient, type Session, type Work } from '@bmdb/core'

type OwnSession = Session<PrismaClient>
type OwnWork = Work<PrismaClient>

/** Does something while it is held, and ends it. */
export type Hold = (work: OwnWork, way: string) => Promise<void>

/** Every way there is to claim a machine; hand-picked ids are some of `ids`, in any order. */
export const ways: Readonly<
  Record<string, (session: OwnSession, process: string, ids: readonly string[], hold: Hold) => Promise<void>>
> = {
  async 'work by id'(session, process, [id], hold) {
    await session.work(id!, process, (work) => hold(work, 'work by id'), { ignoreBackoff: true }).catch(refused)
  },
  async 'startWork by ids'(session, process, ids, hold) {
    await held([await session.startWork(process, ids)], hold, 'startWork by ids')
  },
  async 'startWorkMany by ids'(session, process, ids, hold) {
    const works = await session.startWorkMany(process, ids, { limit: 3, ignoreBackoff: true })
    await held(works, hold, 'startWorkMany by ids')
  },
  async 'startWorkMany by a function'(session, process, ids, hold) {
    const works = await session.startWorkMany(process, () => ids, { limit: 2 })
    await held(works, hold, 'startWorkMany by a function')
  },
  async 'claimable with where'(session, process, _ids, hold) {
    const retrieve = (tx: Parameters<Parameters<OwnSession['transact']>[0]>[0]): Promise<string[]> =>
      claimable(tx, process, { where: { bmc: null }, limit: 20 })
    await held(await session.startWorkMany(process, retrieve, { limit: 3 }), hold, 'claimable with where')
  },
  async 'claimable with sql'(session, process, _ids, hold) {
    const retrieve = (tx: object): Promise<string[]> => claimable(tx, process, { sql: 'true', limit: 20 })
    await held([await session.startWork(process, retrieve)], hold, 'claimable with sql')
  },
}

async function held(works: readonly (OwnWork | null)[], hold: Hold, way: string): Promise<void> {
  await Promise.all(works.map(async (work) => work !== null && hold(work, way)))
}

/** What a claim of a machine by its id may be told. */
function refused(error: unknown): void {
  if (!isBMDBError(error, 'ERR_WORK_CONFLICT') && !isBMDBError(error, 'ERR_WORK_BLOCKED')) throw error
}
