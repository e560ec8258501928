import { messageOf, type BMDBError } from '../errors.ts'
import type { SessionContext } from '../session/session-context.ts'
import type { HeldRows, ReleaseRequest } from '../sql/sessions.ts'
import type { PrismaClientLike } from '../transaction/prisma-seam.ts'
import { FinishTogether } from './finish-together.ts'
import { Work } from './work.ts'

/** What stands before a beat that is sent. */
interface Mark {
  readonly beat: number
  readonly claiming: ReadonlySet<symbol>
}

/** A claim's result. */
export interface Claimed {
  readonly machineId: string
  readonly process: string
  readonly token: bigint
}

/**
 * The work that a session holds, as this program knows it, held against what each beat brings back:
 * - what the database no longer has is lost, and its signal aborts;
 * - what the database has and nobody here knows was claimed by a call that was given up before its answer came: it is
 *   cancelled, or it would stay locked for as long as the session lives.
 */
export class HeldWork<Client extends PrismaClientLike> {
  readonly #session: SessionContext<Client>
  readonly #work = new Map<string, { readonly work: Work<Client>; readonly since: number }>()
  readonly #together: FinishTogether<Client>
  readonly #claiming = new Set<symbol>()
  #beats = 0
  /** When each was first seen: the last beat sent by then, and the claims under way, of which one may have made it. */
  #strangers = new Map<string, Mark>()

  constructor(session: SessionContext<Client>) {
    this.#session = session
    this.#together = new FinishTogether(session)
  }

  get size(): number {
    return this.#work.size
  }

  /** Makes work of a claim. */
  add(claimed: Claimed): Work<Client> {
    const key = keyOf(claimed)
    const work = new Work(this.#session, claimed, this.#together, () => this.#work.delete(key))
    this.#work.set(key, { work, since: this.#beats })
    this.#strangers.delete(key)
    if (this.#session.signal.aborted) work.lose(this.#session.signal.reason as BMDBError)
    return work
  }

  /** Runs a claim; while one is under way, the database may have work that is not known here yet. */
  async whileClaiming<T>(claim: () => Promise<T>): Promise<T> {
    const mark = Symbol('claim')
    this.#claiming.add(mark)
    try {
      return await claim()
    } finally {
      this.#claiming.delete(mark)
    }
  }

  /** Called before a beat is sent: only work that was there by then can be missed in its answer. */
  mark(): Mark {
    this.#beats += 1
    return this.#now()
  }

  /** Compares with what a beat brought back. */
  compare(held: HeldRows, releases: readonly ReleaseRequest[], asOf: Mark): void {
    const released = new Map(releases.map((request) => [keyOf(request), request]))
    for (const [key, request] of released) this.#work.get(key)?.work.releaseRequested(request)
    const there = new Map(held.map((one) => [keyOf(one), { ...one, token: BigInt(one.token) }]))
    for (const [key, { work, since }] of this.#work)
      if (since < asOf.beat && !there.has(key) && !work.ending) work.lose(released.has(key) ? 'released' : 'deleted')
    const before = this.#strangers
    this.#strangers = new Map()
    for (const [key, claimed] of there) {
      if (this.#work.has(key)) continue
      // Nobody's, if it is still there in a beat that was sent after it was first seen, and after all claims of then had
      // ended: before that it may be a claim's that is about to be told, or may just have been ended here.
      const first = before.get(key) ?? this.#now()
      const waiting = [...first.claiming].some((claim) => asOf.claiming.has(claim))
      if (asOf.beat > first.beat && !waiting) this.#cancelStranger(key, claimed)
      else this.#strangers.set(key, first)
    }
  }

  /** The session is over, and with it everything that it held. */
  sessionEnded(error: BMDBError): void {
    for (const { work } of [...this.#work.values()]) work.sessionEnded(error)
  }

  #now(): Mark {
    return { beat: this.#beats, claiming: new Set(this.#claiming) }
  }

  #cancelStranger(key: string, claimed: Claimed): void {
    const { logger } = this.#session.database
    logger.warn('cancelling work whose claim was given up before its answer came', {
      machine: claimed.machineId,
      process: claimed.process,
    })
    this.add(claimed)
      .cancel()
      .catch((error: unknown) => {
        logger.warn('it could not be cancelled', { error: messageOf(error) })
        // A stranger again: the next beats try again.
        this.#work.delete(key)
      })
  }
}

function keyOf(claimed: { machineId: string; process: string; token: bigint | string }): string {
  return `${claimed.machineId} ${claimed.token} ${claimed.process}`
}
