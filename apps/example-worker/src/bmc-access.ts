import type { WorkerSettings } from './config.ts'
import type { ReadOptions } from './redfish/read-bmc.ts'

/** How this program reads BMCs: who it is to them, and for how long it waits. */
export function bmcAccess(settings: WorkerSettings, password: string | undefined): ReadOptions {
  return {
    username: settings.redfishUsername,
    password,
    insecureTls: settings.insecureTls,
    timeoutMs: settings.timeoutSeconds * 1000,
  }
}

// A BMC that does not answer now will hardly do so in a second; after some failures, an hour is soon enough.
export const backoff = { initialSeconds: 10, exponent: 2, maximumSeconds: 3600, jitter: true }
