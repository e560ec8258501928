import { RequestError } from './redfish-error.ts'
import type { Resource } from './resource.ts'

export type PowerState = 'On' | 'Off'

/** What each reset makes of a power state; null: it cannot be done in that state. */
const RESETS: Readonly<Record<string, (state: PowerState) => PowerState | null>> = {
  On: () => 'On',
  ForceOn: () => 'On',
  ForceOff: () => 'Off',
  GracefulShutdown: () => 'Off',
  PushPowerButton: (state) => (state === 'On' ? 'Off' : 'On'),
  ForceRestart: (state) => (state === 'On' ? 'On' : null),
  GracefulRestart: (state) => (state === 'On' ? 'On' : null),
  PowerCycle: (state) => (state === 'On' ? 'On' : null),
  Nmi: (state) => (state === 'On' ? 'On' : null),
}

/**
 * The power state after the action `ComputerSystem.Reset` on a system.
 *
 * @param parameters the body of the request: `{ "ResetType": "ForceOff" }`; without a type, as `On`
 * @throws RequestError 400 for a type that the system does not offer, 409 for one that its power state forbids
 */
export function reset(system: Resource, state: PowerState, parameters: Resource): PowerState {
  const type = parameters.ResetType ?? 'On'
  if (typeof type !== 'string' || !offeredResets(system).includes(type)) {
    const message = `the ResetType ${JSON.stringify(type)} is not one of ${offeredResets(system).join(', ')}`
    throw new RequestError(400, 'ActionParameterNotSupported', message)
  }
  const next = RESETS[type]?.(state) ?? null
  if (next === null) {
    throw new RequestError(409, 'ActionNotSupported', `${type} is not possible while the system is ${state}`)
  }
  return next
}

function offeredResets(system: Resource): readonly string[] {
  const actions = system.Actions as Resource | undefined
  const action = actions?.['#ComputerSystem.Reset'] as Resource | undefined
  const offered = action?.['ResetType@Redfish.AllowableValues']
  const known = Object.keys(RESETS)
  return Array.isArray(offered) ? known.filter((type) => offered.includes(type)) : known
}
