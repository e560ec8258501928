import { defineProcess, snooze } from '@bmdb/worker'
import { backoff } from './bmc-access.ts'
import type { ReadOptions } from './redfish/read-bmc.ts'
import { readPowerState } from './redfish/read-power-state.ts'

const everySeconds = 60

/** Looks every minute whether machines that were inventoried are on. One that is off is a failure, with backoff. */
export function powerCheck(access: ReadOptions) {
  return defineProcess({
    name: 'PowerCheck',
    eligible: { bmc: { isNot: null }, hardwareReport: { isNot: null } },
    include: { bmc: true },
    // BMCs are small computers: one reader at a time.
    conflictsWith: ['HardwareInventory'],
    backoff,
    async run({ machine, signal, log }) {
      const { address } = machine.bmc!
      const powerState = await readPowerState(address, { ...access, signal })
      if (powerState === 'Off') throw new Error(`${address}: the machine is off`)
      log.info('checked the power', { bmc: address, powerState })
      return snooze(everySeconds)
    },
  })
}
