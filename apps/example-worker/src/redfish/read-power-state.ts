import { readBmc, type ReadOptions } from './read-bmc.ts'
import { text } from './resource.ts'
import { readSystem } from './systems.ts'

/**
 * Reads whether a machine is on, from its BMC over Redfish. Nothing is retried.
 *
 * @returns `On`, `Off`, `PoweringOn`, `PoweringOff` or `Paused`; null where the BMC does not say
 * @throws RedfishError with a `code` and a message for an operator; or the signal's reason
 */
export function readPowerState(address: string, options: ReadOptions = {}): Promise<string | null> {
  return readBmc(address, options, async (reading) => {
    const system = await readSystem(reading, await reading.client.get('/redfish/v1/'))
    return text(system, 'PowerState')
  })
}
