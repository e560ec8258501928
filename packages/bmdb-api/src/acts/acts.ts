import type { ActOptions, Connection, Operator, PrismaClient } from '@bmdb/core'
import { isBMDBError } from '@bmdb/core'
import type { Done, VerbBody, VerbName } from '../contract/index.ts'

/** What does one act. */
export type Act<Body> = (
  operator: Operator,
  body: Body,
  options: ActOptions,
  connection: Connection<PrismaClient>,
) => Promise<Done>

/** An act that tells only whether there was something to change. */
function plain<Body>(perform: (operator: Operator, body: Body, options: ActOptions) => Promise<boolean>): Act<Body> {
  return async (operator, body, options) => ({ done: await perform(operator, body, options) })
}

/** What each verb does. */
export const acts: { readonly [Name in VerbName]: Act<VerbBody<Name>> } = {
  async addMachine(operator, { id }, options, { fleet }) {
    const { signal, timeoutMs } = options
    const known = id !== undefined && (await isKnown(() => fleet.machine(id, { signal, timeoutMs })))
    return { done: !known, machineId: await operator.addMachine({ ...options, id }) }
  },
  lockOut: plain((operator, { machineId, seconds }, options) => operator.lockOut(machineId, { ...options, seconds })),
  endLockOut: plain((operator, { machineId }, options) => operator.endLockOut(machineId, options)),
  retire: plain((operator, { machineId }, options) => operator.retire(machineId, options)),
  returnToService: plain((operator, { machineId }, options) => operator.returnToService(machineId, options)),
  deleteMachine: plain((operator, { machineId }, options) => operator.deleteMachine(machineId, options)),
  setFailureDomain: plain((operator, { machineId, kind, domain }, options) => {
    return operator.setFailureDomain(machineId, kind, domain, options)
  }),
  pause: plain((operator, { process }, options) => operator.pause(process, options)),
  resume: plain((operator, { process }, options) => operator.resume(process, options)),
  park: plain((operator, { machineId, process }, options) => operator.park(machineId, process, options)),
  unpark: plain((operator, { machineId, process }, options) => operator.unpark(machineId, process, options)),
  setBackoff: plain((operator, { machineId, process, seconds }, options) => {
    return operator.setBackoff(machineId, process, seconds, options)
  }),
  clearBackoff: plain((operator, { machineId, process }, options) => {
    return operator.clearBackoff(machineId, process, options)
  }),
  async release(operator, { machineId, process, token, graceSeconds }, options) {
    const { outcome } = await operator.release(machineId, process, { ...options, token, graceSeconds })
    return { done: outcome !== 'not held', outcome }
  },
  endSession: plain((operator, { sessionId }, options) => operator.endSession(sessionId, options)),
}

async function isKnown(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read()
    return true
  } catch (error) {
    if (isBMDBError(error, 'ERR_MACHINE_NOT_FOUND')) return false
    throw error
  }
}
