import type { MachineRow } from '@bmdb/core'
import type { Command } from 'commander'
import { cursorKeys } from '../arguments/cursor.ts'
import { aYear, futureTime, text, uuid, wholeNumber } from '../arguments/kinds.ts'
import { withDatabase, type OpenedDatabase } from '../database/with-database.ts'
import { machineColumns } from '../output/columns.ts'
import { act, addActingOptions, operatorName, tellAct, type ActingOptions } from './acting.ts'
import { addArgument, addCommand, addOption, whenRun, type Run } from './define.ts'
import { addListingOptions, list, type ListingOptions } from './listing.ts'
import { addMachineShow, findMachine } from './machine-show.ts'
import { addMachineEnds } from './machine-service.ts'

const id = '6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d'

/** `bmdb machine …` */
export function addMachineCommands(root: Command, run: Run): void {
  const group = addCommand(root, 'machine', { description: 'machines: look at them, register them, take them out' })
  addLs(group, run)
  addMachineShow(group, run)
  addAdd(group, run)
  addLockOut(group, run)
  addEndLockOut(group, run)
  addMachineEnds(group, run)
  addDomain(group, run)
}

interface LsOptions extends ListingOptions {
  readonly retired?: true
  readonly inService?: true
  readonly lockedOut?: true
  readonly kind?: string
  readonly domain?: string
  readonly idPrefix?: string
}

function addLs(group: Command, run: Run): void {
  const command = addCommand(group, 'ls', {
    description: 'lists machines, oldest first',
    examples: [
      ['bmdb machine ls --in-service --all', 'every machine that was not retired'],
      ['bmdb machine ls --kind rack --domain r7 --json', 'those of one rack'],
    ],
  })
  command.option('--retired', 'only those that were retired')
  command.option('--in-service', 'only those that were not retired')
  command.option('--locked-out', 'only those under a lock-out')
  addOption(command, '--kind <KIND>', 'with --domain: a kind of failure domain, such as rack', text(128))
  addOption(command, '--domain <DOMAIN>', 'with --kind: only machines of this failure domain', text(256))
  addOption(command, '--id-prefix <PREFIX>', 'only those whose id begins so', {
    expected: 'the beginning of a UUID',
    parse: (typed) => (/^[0-9a-f-]{1,36}$/i.test(typed) ? typed.toLowerCase() : undefined),
  })
  addListingOptions(command, cursorKeys.machines)
  whenRun<LsOptions>(run, command, (context, options) => {
    const { kind, domain, idPrefix } = options
    if ((kind === undefined) !== (domain === undefined)) command.error('error: --kind and --domain go together')
    if (options.retired === true && options.inService === true)
      command.error('error: --retired and --in-service exclude each other')
    const filter = {
      idPrefix,
      retired: options.retired === true ? true : options.inService === true ? false : undefined,
      lockedOut: options.lockedOut,
      failureDomain: kind === undefined || domain === undefined ? undefined : { kind, domain },
    }
    return withDatabase(context, ({ connection, wait }) =>
      list<MachineRow>(context, options, machineColumns, (page) =>
        connection.fleet.machines({ ...filter, ...wait, ...page }),
      ),
    )
  })
}

function addAdd(group: Command, run: Run): void {
  const command = addCommand(group, 'add', {
    description: 'registers a machine, and prints its id',
    examples: [
      ['bmdb machine add --reason "new in rack 7"', 'under a new id'],
      [`bmdb machine add ${id} --reason "new in rack 7"`, 'under an id of your own'],
    ],
  })
  addArgument(command, '[MACHINE]', 'its id; default: a new one', uuid)
  addActingOptions(command)
  whenRun<ActingOptions>(run, command, async (context, options, [given]) => {
    const name = operatorName(context, command, options)
    const add = async ({ connection, wait }: OpenedDatabase): Promise<{ machineId: string; done: boolean }> => {
      const there = given !== undefined && (await findMachine(connection, given, wait)) !== undefined
      if (there) return { machineId: given, done: false }
      const because = { ...wait, reason: options.reason, id: given }
      return { machineId: await connection.operator(name).addMachine(because), done: true }
    }
    const { machineId, done } = await withDatabase(context, add)
    const nothing = `machine ${machineId} was registered already`
    return tellAct(context, { action: 'add machine', did: machineId, nothing, about: { machineId } }, done)
  })
}

interface LockOutOptions extends ActingOptions {
  readonly until?: Date
  readonly seconds?: number
}

function addLockOut(group: Command, run: Run): void {
  const command = addCommand(group, 'lock-out', {
    description: 'keeps every process off a machine, for maintenance; what is held goes on',
    examples: [
      [`bmdb machine lock-out ${id} --reason "disk swap"`, 'until end-lock-out'],
      [`bmdb machine lock-out ${id} --seconds 3600 --reason "disk swap"`, 'for an hour'],
    ],
  })
  addArgument(command, '<MACHINE>', 'its id', uuid)
  addOption(command, '--until <TIME>', 'when it ends by itself, such as 2030-01-31T18:00:00Z', futureTime, {
    conflicts: ['seconds'],
  })
  addOption(command, '--seconds <N>', 'after how long it ends by itself', wholeNumber(1, aYear))
  addActingOptions(command)
  whenRun<LockOutOptions>(run, command, (context, options, [machineId = '']) => {
    const { until, seconds } = options
    const telling = {
      action: 'lock out',
      did: `locked out machine ${machineId}`,
      nothing: `machine ${machineId} is locked out already`,
      about: { machineId },
    }
    return act(context, command, options, telling, (operator, because) =>
      operator.lockOut(machineId, { ...because, until, seconds }),
    )
  })
}

function addEndLockOut(group: Command, run: Run): void {
  const command = addCommand(group, 'end-lock-out', {
    description: 'ends a lock-out before its time',
    examples: [[`bmdb machine end-lock-out ${id} --reason "disk swapped"`, 'processes may begin again']],
  })
  addArgument(command, '<MACHINE>', 'its id', uuid)
  addActingOptions(command)
  whenRun<ActingOptions>(run, command, (context, options, [machineId = '']) => {
    const telling = {
      action: 'end lock-out',
      did: `ended the lock-out of machine ${machineId}`,
      nothing: `machine ${machineId} is not locked out`,
      about: { machineId },
    }
    return act(context, command, options, telling, (operator, because) => operator.endLockOut(machineId, because))
  })
}

function addDomain(group: Command, run: Run): void {
  const command = addCommand(group, 'domain', {
    description: 'says what a machine fails together with; without DOMAIN takes it back',
    examples: [
      [`bmdb machine domain ${id} rack r7 --reason "moved"`, 'it stands in rack r7'],
      [`bmdb machine domain ${id} rack --reason "unknown"`, 'nobody knows its rack'],
    ],
  })
  addArgument(command, '<MACHINE>', 'its id', uuid)
  addArgument(command, '<KIND>', 'a kind of failure domain, such as rack', text(128))
  addArgument(command, '[DOMAIN]', 'the failure domain of that kind', text(256))
  addActingOptions(command)
  whenRun<ActingOptions>(run, command, (context, options, [machineId = '', kind = '', domain]) => {
    const telling = {
      action: 'set failure domain',
      did: `machine ${machineId} has ${domain === undefined ? `no ${kind}` : `${kind} ${domain}`} now`,
      nothing: `machine ${machineId} has no ${kind}`,
      about: { machineId, kind, domain: domain ?? null },
    }
    return act(context, command, options, telling, (operator, because) =>
      operator.setFailureDomain(machineId, kind, domain ?? null, because),
    )
  })
}
