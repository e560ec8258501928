import { readCollection } from './collection.ts'
import { RedfishError } from './error.ts'
import type { Reading } from './reading.ts'
import { idOf, link, type Resource } from './resource.ts'

/**
 * The system to report: the first in the BMC's collection that is not absent. A rack server has one. Where a service
 * has several (the sleds of a chassis, the baseboard of its accelerators), they are machines or parts of their own that
 * one report cannot mix, so the others are named in a warning.
 *
 * @throws RedfishError ERR_REDFISH_INVALID_ANSWER if there is none
 */
export async function readSystem(reading: Reading, root: Resource): Promise<Resource> {
  const path = link(root, 'Systems')
  const [system, ...others] = await readCollection(reading, path)
  if (system === undefined) {
    const what = `the service has no system that is present (${path ?? 'no link to systems'})`
    throw new RedfishError('ERR_REDFISH_INVALID_ANSWER', reading.client.address, path, what)
  }
  if (others.length > 0) {
    const ids = others.map(idOf).join(', ')
    reading.warn(`only the system ${idOf(system)} is reported; the BMC also has ${ids}`)
  }
  return system
}
