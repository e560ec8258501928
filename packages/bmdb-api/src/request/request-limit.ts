import type { FastifyReply } from 'fastify'
import type { LimitedWait } from '../fleet/within.ts'

/** The client went away before it had its answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'

  constructor() {
    super('the client went away')
  }
}

/** How long one request may take, and whether anybody still waits for it. */
export class RequestLimit {
  /** Aborts with {@link ClientGone}. */
  readonly signal: AbortSignal
  readonly #endMs: number

  constructor({ raw }: FastifyReply, timeoutMs: number) {
    const controller = new AbortController()
    this.signal = controller.signal
    this.#endMs = performance.now() + timeoutMs
    // The answer's end, not the request's: that one is over as soon as its body was read.
    raw.once('close', () => {
      if (!raw.writableFinished) controller.abort(new ClientGone())
    })
  }

  /** What is left of it, for one call. */
  wait(): LimitedWait {
    return { signal: this.signal, timeoutMs: Math.max(1, Math.ceil(this.#endMs - performance.now())) }
  }
}
