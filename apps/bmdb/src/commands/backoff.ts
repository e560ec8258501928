import type { BackoffRow } from '@bmdb/core'
import type { ActOptions, Operator } from '@bmdb/core'
import type { Command } from 'commander'
import { cursorKeys } from '../arguments/cursor.ts'
import { aYear, processName, uuid, wholeNumber } from '../arguments/kinds.ts'
import { withDatabase } from '../database/with-database.ts'
import { backoffColumns } from '../output/columns.ts'
import { act, addActingOptions, type ActingOptions } from './acting.ts'
import { addArgument, addCommand, addOption, whenRun, type Run } from './define.ts'
import { addListingOptions, list, type ListingOptions } from './listing.ts'

/** `bmdb backoff …` */
export function addBackoffCommands(root: Command, run: Run): void {
  const group = addCommand(root, 'backoff', { description: 'what keeps a process off one machine' })
  addLs(group, run)
  for (const one of acts) addAct(group, run, one)
}

interface LsOptions extends ListingOptions {
  readonly process?: string
  readonly machine?: string
  readonly parked?: true
}

function addLs(group: Command, run: Run): void {
  const command = addCommand(group, 'ls', {
    description: 'lists backoffs in force and what is parked, by machine',
    examples: [['bmdb backoff ls --process Reinstall --parked', 'machines that were given up for it']],
  })
  addOption(command, '--process <NAME>', 'only those of this process', processName)
  addOption(command, '--machine <MACHINE>', 'only those on this machine', uuid)
  command.option('--parked', 'only what is parked')
  addListingOptions(command, cursorKeys.backoffs)
  whenRun<LsOptions>(run, command, (context, options) => {
    const filter = { process: options.process, machineId: options.machine, parked: options.parked }
    return withDatabase(context, ({ connection, wait }) =>
      list<BackoffRow>(context, options, backoffColumns, (page) =>
        connection.fleet.backoffs({ ...filter, ...wait, ...page }),
      ),
    )
  })
}

interface BackoffActOptions extends ActingOptions {
  readonly seconds?: number
}

interface BackoffAct {
  readonly name: string
  readonly action: string
  readonly description: string
  readonly example: string
  readonly did: string
  readonly nothing: string
  /** It takes `--seconds`. */
  readonly timed?: true
  readonly doing: (
    operator: Operator,
    machineId: string,
    process: string,
    because: ActOptions,
    seconds: number,
  ) => Promise<boolean>
}

const acts: readonly BackoffAct[] = [
  {
    name: 'clear',
    action: 'clear backoff',
    description: 'ends a backoff before its time; failures stay counted',
    example: '--reason "the switch is back"',
    did: 'cleared the backoff of',
    nothing: 'is not in backoff',
    doing: (operator, machineId, process, because) => operator.clearBackoff(machineId, process, because),
  },
  {
    name: 'set',
    action: 'set backoff',
    description: 'keeps a process off one machine for a while',
    example: '--seconds 3600 --reason "let it cool down"',
    did: 'set a backoff for',
    nothing: 'was changed by somebody else at the same time',
    timed: true,
    doing: (operator, machineId, process, because, seconds) =>
      operator.setBackoff(machineId, process, seconds, because),
  },
  {
    name: 'park',
    action: 'park',
    description: 'keeps a process off one machine until unpark; what is held goes on',
    example: '--reason "needs a new disk"',
    did: 'parked',
    nothing: 'is parked already',
    doing: (operator, machineId, process, because) => operator.park(machineId, process, because),
  },
  {
    name: 'unpark',
    action: 'unpark',
    description: 'lets a process begin on the machine again, with no failures counted',
    example: '--reason "has a new disk"',
    did: 'unparked',
    nothing: 'is not parked',
    doing: (operator, machineId, process, because) => operator.unpark(machineId, process, because),
  },
]

function addAct(group: Command, run: Run, one: BackoffAct): void {
  const command = addCommand(group, one.name, {
    description: one.description,
    examples: [[`bmdb backoff ${one.name} 6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d Reinstall ${one.example}`, one.did]],
  })
  addArgument(command, '<MACHINE>', 'the id of the machine', uuid)
  addArgument(command, '<PROCESS>', 'the process', processName)
  if (one.timed === true)
    addOption(command, '--seconds <N>', 'for how long from now', wholeNumber(1, aYear), { required: true })
  addActingOptions(command)
  whenRun<BackoffActOptions>(run, command, (context, options, [machineId = '', process = '']) => {
    const what = `${process} on machine ${machineId}`
    const telling = {
      action: one.action,
      did: `${one.did} ${what}`,
      nothing: `${what} ${one.nothing}`,
      about: { machineId, process, ...(one.timed === true ? { seconds: options.seconds } : {}) },
    }
    return act(context, command, options, telling, (operator, because) =>
      one.doing(operator, machineId, process, because, options.seconds ?? 0),
    )
  })
}
