import type { VerbName } from '@bmdb/api/contract'
import { shortId } from '../parts/ids.tsx'
import type { About, Words } from './words.ts'

type MachineVerb =
  'addMachine' | 'lockOut' | 'endLockOut' | 'retire' | 'returnToService' | 'deleteMachine' | 'setFailureDomain'

const machine = ({ machineId = '' }: { machineId?: string | undefined }): string => `machine ${shortId(machineId)}`

/** What is held goes on. */
function goesOn({ holds = [] }: About, remedy: string): string {
  if (holds.length === 0) return 'Nothing holds it now.'
  return `What holds it now goes on: ${holds.map(({ process }) => process).join(', ')}. ${remedy}`
}

export const machineWords: { readonly [Name in MachineVerb & VerbName]: Words<Name> } = {
  addMachine: {
    label: 'Add machine',
    does: 'Add machine',
    title: () => 'Add a machine',
    says: () => ['Registers a machine. Processes that need no more than that may begin on it at once.'],
    fields: ['id'],
    did: ({ id }, done) => `Added machine ${shortId(done.machineId ?? id ?? '')}`,
    nothing: 'It was registered already.',
  },
  lockOut: {
    label: 'Lock out',
    does: 'Lock out',
    title: (body) => `Lock out ${machine(body)}`,
    says: (_, about) => [
      'Keeps every process from beginning on this machine until the time is over, or until an operator ends it.',
      goesOn(about, 'Release it if it must stop.'),
    ],
    fields: ['optional duration'],
    did: (body) => `Locked out ${machine(body)}`,
    nothing: 'It was locked out like this already.',
  },
  endLockOut: {
    label: 'End lock-out',
    does: 'End lock-out',
    title: (body) => `End the lock-out of ${machine(body)}`,
    says: () => [
      'Whoever locked it out may still be at the machine: ask them if you can.',
      'Processes that are eligible begin on it at once.',
    ],
    did: (body) => `Ended the lock-out of ${machine(body)}`,
    nothing: 'It was not locked out.',
  },
  retire: {
    label: 'Retire',
    does: 'Retire',
    title: (body) => `Retire ${machine(body)}`,
    says: (_, { holds = [] }) => [
      'Takes the machine out of service: no process begins on it. Its facts and its history stay, and it can be returned.',
      holds.length === 0
        ? 'Refused while anybody holds it.'
        : `Refused while anybody holds it, as ${holds.map(({ process }) => process).join(', ')} does now: release that first.`,
    ],
    did: (body) => `Retired ${machine(body)}`,
    nothing: 'It was retired already.',
  },
  returnToService: {
    label: 'Return to service',
    does: 'Return to service',
    title: (body) => `Return ${machine(body)} to service`,
    says: () => ['Takes the retired machine back into service. Processes that are eligible begin on it at once.'],
    did: (body) => `Returned ${machine(body)} to service`,
    nothing: 'It was in service.',
  },
  deleteMachine: {
    label: 'Delete',
    does: 'Delete for good',
    title: (body) => `Delete ${machine(body)}`,
    says: () => [
      'Deletes the machine with all facts about it, its backoffs and what is parked. This cannot be undone.',
      'Its history stays. Refused while anybody holds it. To keep its facts, retire it instead.',
    ],
    grave: true,
    did: (body) => `Deleted ${machine(body)}`,
    nothing: 'There was no such machine.',
  },
  setFailureDomain: {
    label: 'Failure domain',
    does: 'Set failure domain',
    title: (body) => `Failure domain of ${machine(body)}`,
    says: () => [
      'Says what this machine fails together with, of one kind, such as rack r12. Limits of processes count by it from the next claim on; what is held goes on.',
      'Leave the domain empty to take it back.',
    ],
    fields: ['kind', 'domain'],
    did: (body) =>
      body.domain === null
        ? `Took back the ${body.kind} of ${machine(body)}`
        : `Set the ${body.kind} of ${machine(body)} to ${body.domain}`,
    nothing: 'It was so already.',
  },
}
