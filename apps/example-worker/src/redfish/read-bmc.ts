import { RedfishClient } from './client.ts'
import { RedfishError } from './error.ts'
import { Reading } from './reading.ts'

export interface ReadOptions {
  /** For HTTP Basic authentication; without a colon. @default none: what anybody may read */
  readonly username?: string | undefined
  /** Goes with a user name only. @default empty */
  readonly password?: string | undefined
  /** Takes any TLS certificate, and with it anybody who sits in between. @default false */
  readonly insecureTls?: boolean | undefined
  /** The limit for the whole read, in milliseconds; 1 to 3 600 000. @default 60000 */
  readonly timeoutMs?: number | undefined
  /** The limit for each request, in milliseconds, connecting included; 1 to 3 600 000. @default 10000 */
  readonly requestTimeoutMs?: number | undefined
  /** Its abort ends every request at once; the read then rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined
}

const LONGEST_TIMEOUT_MS = 3_600_000

/**
 * Reads something of one BMC over Redfish, within a limit. Nothing is retried.
 *
 * @param address `http://` or `https://`, a host and perhaps a port: `https://bmc7`, `http://127.0.0.1:8000`
 * @param read what to read
 * @throws RedfishError with a `code` and a message for an operator; or the signal's reason
 */
export async function readBmc<Result>(
  address: string,
  options: ReadOptions,
  read: (reading: Reading) => Promise<Result>,
): Promise<Result> {
  const { username, password, insecureTls = false, timeoutMs = 60_000, requestTimeoutMs = 10_000 } = options
  options.signal?.throwIfAborted()
  const stop = new AbortController()
  const client = new RedfishClient(address, { username, password, insecureTls, requestTimeoutMs, signal: stop.signal })
  checkOptions(client.address, { ...options, timeoutMs, requestTimeoutMs })
  const onAbort = () => stop.abort(options.signal?.reason)
  options.signal?.addEventListener('abort', onAbort)
  const timer = setTimeout(() => {
    const explanation = `timed out: the whole read took longer than ${timeoutMs / 1000} s`
    stop.abort(new RedfishError('ERR_REDFISH_TIMEOUT', client.address, null, explanation))
  }, timeoutMs)
  try {
    const result = await read(new Reading(client))
    stop.signal.throwIfAborted()
    return result
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', onAbort)
    // After a failure, other requests may still be under way: nobody waits for them any more.
    stop.abort()
    client.close()
  }
}

function checkOptions(address: string, options: ReadOptions): void {
  const refuse = (what: string) => new RedfishError('ERR_REDFISH_ARGUMENT', address, null, what)
  for (const name of ['timeoutMs', 'requestTimeoutMs'] as const) {
    const value = options[name] ?? NaN
    if (value >= 1 && value <= LONGEST_TIMEOUT_MS) continue
    throw refuse(`${name} must be a number from 1 to ${LONGEST_TIMEOUT_MS}, not ${value}`)
  }
  if (options.username === undefined && options.password !== undefined) throw refuse('a password needs a user name')
  if (options.username?.includes(':') === true) throw refuse('the user name must not hold a colon')
}
