import type { ActOptions, Operator } from '@bmdb/core'
import type { Command } from 'commander'
import { uuid } from '../arguments/kinds.ts'
import { act, addActingOptions, type ActingOptions } from './acting.ts'
import { addArgument, addCommand, whenRun, type Run } from './define.ts'

/** A command that does one thing to one machine. */
interface Simple {
  readonly name: string
  readonly action: string
  readonly description: string
  readonly example: string
  readonly did: string
  readonly nothing: string
  readonly doing: (operator: Operator, machineId: string, because: ActOptions) => Promise<boolean>
}

const simple: readonly Simple[] = [
  {
    name: 'retire',
    action: 'retire',
    description: 'takes a machine out of service for good; refused while anybody holds it',
    example: 'sold',
    did: 'retired machine',
    nothing: 'is retired already',
    doing: (operator, machineId, because) => operator.retire(machineId, because),
  },
  {
    name: 'return',
    action: 'return to service',
    description: 'takes a retired machine back into service',
    example: 'repaired',
    did: 'returned to service: machine',
    nothing: 'is in service',
    doing: (operator, machineId, because) => operator.returnToService(machineId, because),
  },
  {
    name: 'delete',
    action: 'delete machine',
    description: 'deletes a machine with its facts; its history stays; refused while anybody holds it',
    example: 'registered by mistake',
    did: 'deleted machine',
    nothing: 'was changed by somebody else at the same time',
    doing: (operator, machineId, because) => operator.deleteMachine(machineId, because),
  },
]

/** `bmdb machine retire`, `return` and `delete`. */
export function addMachineEnds(group: Command, run: Run): void {
  for (const { name, action, description, example, did, nothing, doing } of simple) {
    const command = addCommand(group, name, {
      description,
      examples: [[`bmdb machine ${name} 6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d --reason "${example}"`, did]],
    })
    addArgument(command, '<MACHINE>', 'its id', uuid)
    addActingOptions(command)
    whenRun<ActingOptions>(run, command, (context, options, [machineId = '']) => {
      const telling = {
        action,
        did: `${did} ${machineId}`,
        nothing: `machine ${machineId} ${nothing}`,
        about: { machineId },
      }
      return act(context, command, options, telling, (operator, because) => doing(operator, machineId, because))
    })
  }
}
