import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerResponse } from 'node:http'

/** What is wrong with a BMC. All of them may be on at once; absent means off. */
export interface Faults {
  /** Every answer comes so many milliseconds late; 0 to 600 000. */
  readonly slow?: number
  /** Every request is answered with 500 Internal Server Error. */
  readonly error?: boolean
  /** Every connection is reset in the middle of the answer. */
  readonly reset?: boolean
  /** Every answer ends in the middle of its JSON, in a well-formed HTTP answer. */
  readonly truncated?: boolean
  /** No credentials are good enough: 401 for everything but the service root. */
  readonly unauthorized?: boolean
  /** Requests are taken and never answered. */
  readonly hang?: boolean
}

export type FaultName = keyof Faults

export const FAULT_NAMES = [
  'slow',
  'error',
  'reset',
  'truncated',
  'unauthorized',
  'hang',
] as const satisfies readonly FaultName[]

const LONGEST_DELAY_MS = 600_000

/**
 * `NAME` or `NAME=VALUE`, as given to `--fault`: only `slow` has a value, in milliseconds, and must have one.
 *
 * @throws RangeError that says what is wrong with it
 */
export function parseFault(text: string): Faults {
  const [name = '', value] = text.split(/=(.*)/s)
  if (!FAULT_NAMES.includes(name as FaultName)) {
    throw new RangeError(`no fault is called '${name}'; there are ${FAULT_NAMES.join(', ')}`)
  }
  if (name !== 'slow') {
    if (value !== undefined) throw new RangeError(`the fault '${name}' takes no value, not '${value}'`)
    return { [name]: true }
  }
  if (value === undefined || !/^\d{1,6}$/.test(value)) {
    throw new RangeError(`the fault 'slow' takes milliseconds, such as slow=500, not '${value ?? ''}'`)
  }
  return checkedFaults({ slow: Number(value) })
}

/** @throws RangeError if the delay is not a number from 0 to 600 000 */
export function checkedFaults(faults: Faults): Faults {
  const { slow = 0 } = faults
  if (!(slow >= 0 && slow <= LONGEST_DELAY_MS)) {
    throw new RangeError(`the fault 'slow' takes 0 to ${LONGEST_DELAY_MS} milliseconds, not ${slow}`)
  }
  return faults
}

/** Waits as the faults say. False if there will be no answer: the fault is `hang`, or the client has gone meanwhile. */
export async function waitForFaults(faults: Faults, gone: AbortSignal): Promise<boolean> {
  if (faults.hang === true) return false
  if (faults.slow !== undefined) await sleep(faults.slow, undefined, { signal: gone }).catch(() => undefined)
  return !gone.aborted
}

/** Sends an answer's body, or as much of it as the faults let through. The status and headers must be set already. */
export function sendBody(response: ServerResponse, body: string, faults: Faults): void {
  const half = body.slice(0, Math.floor(body.length / 2))
  if (faults.reset === true) {
    response.setHeader('Content-Length', Buffer.byteLength(body))
    // The reset has to come after the first half has left, or the client sees no answer at all.
    response.write(half, () => response.socket?.resetAndDestroy())
    return
  }
  const sent = faults.truncated === true ? half : body
  response.setHeader('Content-Length', Buffer.byteLength(sent))
  response.end(sent)
}
