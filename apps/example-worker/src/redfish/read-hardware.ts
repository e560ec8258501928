import { RedfishClient } from './client.ts'
import { RedfishError } from './error.ts'
import { readFirmware } from './firmware.ts'
import { readMemory } from './memory.ts'
import { readNetworkInterfaces } from './network.ts'
import { readProcessors } from './processors.ts'
import { Reading } from './reading.ts'
import type { HardwareReport } from './report.ts'
import { healthOf, part, text } from './resource.ts'
import { readDrives } from './storage.ts'
import { readSystem } from './systems.ts'

export interface ReadHardwareOptions {
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
 * Reads a machine's hardware from its BMC over Redfish. All or nothing, but for members that the BMC links to and does
 * not have, which the report's warnings name. Nothing is retried.
 *
 * @param address `http://` or `https://`, a host and perhaps a port: `https://bmc7`, `http://127.0.0.1:8000`
 * @throws RedfishError with a `code` and a message for an operator; or the signal's reason
 */
export async function readHardware(address: string, options: ReadHardwareOptions = {}): Promise<HardwareReport> {
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
    const report = await read(new Reading(client))
    stop.signal.throwIfAborted()
    return report
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', onAbort)
    // After a failure, other requests may still be under way: nobody waits for them any more.
    stop.abort()
    client.close()
  }
}

async function read(reading: Reading): Promise<HardwareReport> {
  // The only path that a client may know by itself; the specification ends it with a slash.
  const root = await reading.client.get('/redfish/v1/')
  const system = await readSystem(reading, root)
  const [processors, memory, drives, networkInterfaces, firmware] = await Promise.all([
    readProcessors(reading, system),
    readMemory(reading, system),
    readDrives(reading, system),
    readNetworkInterfaces(reading, system),
    readFirmware(reading, root),
  ])
  return {
    manufacturer: text(system, 'Manufacturer'),
    model: text(system, 'Model'),
    serialNumber: text(system, 'SerialNumber'),
    sku: text(system, 'SKU'),
    uuid: text(system, 'UUID'),
    biosVersion: text(system, 'BiosVersion'),
    powerState: text(system, 'PowerState'),
    health: text(part(system, 'Status'), 'HealthRollup') ?? healthOf(system),
    processors,
    memory,
    drives,
    networkInterfaces,
    firmware,
    warnings: reading.warnings,
  }
}

function checkOptions(address: string, options: ReadHardwareOptions): void {
  const refuse = (what: string) => new RedfishError('ERR_REDFISH_ARGUMENT', address, null, what)
  for (const name of ['timeoutMs', 'requestTimeoutMs'] as const) {
    const value = options[name] ?? NaN
    if (value >= 1 && value <= LONGEST_TIMEOUT_MS) continue
    throw refuse(`${name} must be a number from 1 to ${LONGEST_TIMEOUT_MS}, not ${value}`)
  }
  if (options.username === undefined && options.password !== undefined) throw refuse('a password needs a user name')
  if (options.username?.includes(':') === true) throw refuse('the user name must not hold a colon')
}
