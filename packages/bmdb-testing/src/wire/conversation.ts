import type { ArmedFaults, DueFault } from './armed-faults.ts'
import type { ClientPiece, UnitPiece } from './client-messages.ts'
import type { Breakage, ServerError } from './fault.ts'
import { encryptionRefused, errorResponse, readyForQuery, simpleQuery, sync } from './messages.ts'
import type { TransactionStatus } from './messages.ts'
import type { ServerPiece } from './server-messages.ts'

/** What a conversation can do to the connection that it is held on. */
export interface Line {
  toServer(data: Buffer): void
  toClient(data: Buffer): void
  /** Breaks both sides. */
  break(how?: Breakage): void
  /** Breaks the client's side; the server does not learn of it. */
  forsake(how?: Breakage): void
  /** Ends the client's side once it has been sent everything, and breaks the server's. */
  hangUp(): void
  /** Nothing passes from now on; with `all`, on no other connection either. */
  freeze(all: boolean): void
  holdUp(from: 'client' | 'server', ms: number): void
  /** What was not taken may be taken now. */
  wake(): void
}

/** An answer that the server owes. */
interface Answer {
  readonly passes: boolean
  /** Called at its first byte. False: it may not be had yet. */
  begun?: (() => boolean) | undefined
  readonly ended?: () => void
}

// What ends a transaction, as the last statement of a text; ROLLBACK TO a savepoint does not.
const ending = /(?:^|;|\*\/)\s*(?:commit|end|abort|rollback(?!\s+(?:work\s+|transaction\s+)?to\b))\b[^;]*;?\s*$/i

/** Any error will do to make the server's own transaction fail. This text is one to every server. */
const poison = simpleQuery('FAIL')
const rollback = simpleQuery('ROLLBACK')

/** One connection's protocol: whose answer is whose, what goes wrong, and what is made up to keep both sides in step. */
export class Conversation {
  readonly #line: Line
  readonly #faults: ArmedFaults
  /** In the order of the questions. */
  readonly #answers: Answer[] = []
  #clientStatus: TransactionStatus = 'I'
  #serverStatus: TransactionStatus = 'I'
  /** A fault is under way, and what is behind its statement has to wait. */
  #occupied = false
  #whenDrained: (() => void) | undefined
  /** Its fault has happened: it goes on as it is. */
  #decided: ClientPiece | undefined
  /** What is left of a unit that was answered before all of it had come, and the status that ends the answer. */
  #discarding: TransactionStatus | undefined
  #underWay: DueFault | undefined

  constructor(line: Line, faults: ArmedFaults) {
    this.#line = line
    this.#faults = faults
  }

  /** @returns whether it was taken; if not, it is to be offered again */
  fromClient(piece: ClientPiece): boolean {
    if (piece.kind === 'unit') return this.#unit(piece)
    if (piece.kind === 'encryption') this.#line.toClient(encryptionRefused)
    else if (piece.kind === 'nonsense') this.#line.break('reset')
    else this.#line.toServer(piece.data)
    if (piece.kind === 'startup') this.#answers.push({ passes: true })
    return true
  }

  /** @returns as for `fromClient` */
  fromServer(piece: ServerPiece): boolean {
    const answer = this.#answers[0]
    const begun = answer?.begun
    if (answer !== undefined && begun !== undefined) {
      answer.begun = undefined
      if (!begun()) return false
    }
    const passes = answer?.passes ?? true
    // That a statement was prepared stays true when the rest of the answer is replaced.
    if (passes || piece.kind === 'parsed') this.#line.toClient(piece.data)
    if (piece.kind !== 'ready') return true
    this.#serverStatus = piece.status
    if (passes) this.#clientStatus = piece.status
    this.#answers.shift()
    answer?.ended?.()
    if (this.#answers.length === 0) this.#drained()
    return true
  }

  /** The connection has ended: no fault is under way any more. */
  end(): void {
    this.#underWay?.happened()
    this.#underWay = undefined
  }

  #unit(piece: UnitPiece): boolean {
    if (this.#occupied) return false
    if (!piece.first) {
      if (this.#discarding === undefined) this.#line.toServer(piece.data)
      else if (piece.last) this.#endMadeUp(this.#discarding)
      return true
    }
    const due = piece === this.#decided ? undefined : this.#faults.take(piece.statements)
    if (due === undefined) {
      this.#decided = undefined
      this.#answers.push({ passes: true })
      this.#line.toServer(piece.data)
      return true
    }
    return this.#faulted(piece, due)
  }

  #faulted(piece: UnitPiece, due: DueFault): boolean {
    const { fault, happened } = due
    switch (fault.do) {
      case 'cut':
        if (fault.when === 'before') {
          this.#line.break(fault.how)
          happened()
        } else if (fault.when === 'during') {
          this.#whenDrained = () => this.#line.break()
          this.#sendWhole(piece, {})
          this.#line.forsake(fault.how)
          happened()
        } else {
          this.#occupy(due)
          this.#sendWhole(piece, { ended: () => this.#line.break(fault.how) })
        }
        return true
      case 'answer':
        this.#occupy(due)
        if (fault.when === 'after') this.#sendWhole(piece, { ended: () => this.#settle(piece, fault.with) })
        else this.#whenAnswered(() => this.#settle(piece, fault.with))
        return true
      case 'hold': {
        const freeze = (): boolean => {
          this.#line.freeze(fault.all === true)
          return false
        }
        if (fault.when === 'before') {
          this.#decided = piece
          happened()
          return freeze()
        }
        this.#occupy(due)
        this.#answers.push({
          passes: true,
          begun: () => {
            this.#release()
            return freeze()
          },
        })
        this.#line.toServer(piece.data)
        return true
      }
      case 'delay': {
        const from = fault.when === 'before' ? 'client' : 'server'
        const delay = (): boolean => {
          happened()
          this.#line.holdUp(from, fault.ms)
          return false
        }
        if (fault.when === 'before') {
          this.#decided = piece
          return delay()
        }
        this.#answers.push({ passes: true, begun: delay })
        this.#line.toServer(piece.data)
        return true
      }
    }
  }

  /** Sends a unit, and ends it where the client did not yet: nobody is left to ask for the rest of its answer. */
  #sendWhole(piece: UnitPiece, answer: Omit<Answer, 'passes'>): void {
    this.#answers.push({ ...answer, passes: false })
    this.#line.toServer(piece.data)
    if (!piece.last) this.#line.toServer(sync)
  }

  #occupy(due: DueFault): void {
    this.#occupied = true
    this.#underWay = due
  }

  #release(): void {
    this.#occupied = false
    this.end()
    this.#line.wake()
  }

  #whenAnswered(then: () => void): void {
    this.#whenDrained = then
    if (this.#answers.length === 0) this.#drained()
  }

  #drained(): void {
    const then = this.#whenDrained
    this.#whenDrained = undefined
    then?.()
  }

  /** Answers with an error that was made up, once the server's transaction is as the client will believe it to be. */
  #settle(piece: UnitPiece, error: ServerError): void {
    if (error.severity === 'FATAL') {
      this.#line.toClient(errorResponse(error))
      this.#line.hangUp()
      return
    }
    const ends = this.#serverStatus === 'I' || ending.test(piece.statements.at(-1)?.text ?? '')
    const status = this.#clientStatus === 'I' || ends ? 'I' : 'E'
    const answer = (): void => {
      this.#line.toClient(errorResponse(error))
      if (piece.last) this.#endMadeUp(status)
      else this.#discarding = status
      this.#release()
    }
    if (this.#serverStatus === status) return answer()
    this.#answers.push({ passes: false, ended: answer })
    this.#line.toServer(status === 'I' ? rollback : poison)
  }

  #endMadeUp(status: TransactionStatus): void {
    this.#discarding = undefined
    this.#clientStatus = status
    this.#line.toClient(readyForQuery(status))
  }
}
