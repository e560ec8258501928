import type { HeldWorkRow } from '@bmdb/core'
import type { Command } from 'commander'
import { cursorKeys } from '../arguments/cursor.ts'
import { processName, uuid, wholeNumber } from '../arguments/kinds.ts'
import { withDatabase } from '../database/with-database.ts'
import { exitCodes } from '../exit-codes.ts'
import { workColumns } from '../output/columns.ts'
import { addActingOptions, operatorName, type ActingOptions } from './acting.ts'
import { addArgument, addCommand, addOption, whenRun, type Run } from './define.ts'
import { addListingOptions, list, type ListingOptions } from './listing.ts'

/** `bmdb work …` */
export function addWorkCommands(root: Command, run: Run): void {
  const group = addCommand(root, 'work', { description: 'work: who holds which machine for what' })
  addLs(group, run)
  addRelease(group, run)
}

interface LsOptions extends ListingOptions {
  readonly process?: string
  readonly machine?: string
  readonly session?: string
  readonly stuck?: true
}

function addLs(group: Command, run: Run): void {
  const command = addCommand(group, 'ls', {
    description: 'lists what is held, by machine',
    examples: [
      ['bmdb work ls --process Reinstall', 'machines that are held for it'],
      ['bmdb work ls --stuck --json', 'what reported no progress in time'],
    ],
  })
  addOption(command, '--process <NAME>', 'only that of this process', processName)
  addOption(command, '--machine <MACHINE>', 'only that on this machine', uuid)
  addOption(command, '--session <SESSION>', 'only that of this session', uuid)
  command.option('--stuck', 'only what is past the deadline of its last report')
  addListingOptions(command, cursorKeys.work)
  whenRun<LsOptions>(run, command, (context, options) => {
    const filter = {
      process: options.process,
      machineId: options.machine,
      sessionId: options.session,
      stuck: options.stuck,
    }
    return withDatabase(context, ({ connection, wait }) =>
      list<HeldWorkRow>(context, options, workColumns, (page) =>
        connection.fleet.work({ ...filter, ...wait, ...page }),
      ),
    )
  })
}

interface ReleaseOptions extends ActingOptions {
  readonly grace?: number
  readonly force?: true
}

function addRelease(group: Command, run: Run): void {
  const command = addCommand(group, 'release', {
    description: "ends somebody's work: asks the holder, and takes it away when the grace is over",
    examples: [
      ['bmdb work release 6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d Reinstall --reason "it hangs"', 'within 10 s'],
      ['bmdb work release 6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d Reinstall --force --reason "it hangs"', 'at once'],
    ],
  })
  addArgument(command, '<MACHINE>', 'the id of the machine', uuid)
  addArgument(command, '<PROCESS>', 'what it is held for', processName)
  addOption(command, '--grace <SECONDS>', 'how long the holder has to let go; default: 10', wholeNumber(0, 3_600), {
    conflicts: ['force'],
  })
  command.option('--force', 'takes it away at once: a grace of 0')
  addActingOptions(command)
  whenRun<ReleaseOptions>(run, command, async (context, options, [machineId = '', process = '']) => {
    const { output, timeoutMs } = context
    const name = operatorName(context, command, options)
    const graceSeconds = options.force === true ? 0 : (options.grace ?? 10)
    const { outcome, holder } = await withDatabase(context, ({ connection, wait }) =>
      connection.operator(name).release(machineId, process, {
        ...wait,
        reason: options.reason,
        graceSeconds,
        timeoutMs: graceSeconds * 1_000 + timeoutMs,
      }),
    )
    const what = `${process} on machine ${machineId}`
    if (output.json)
      await output.value({ done: holder !== undefined, action: 'release', machineId, process, outcome, holder })
    if (holder === undefined) {
      await output.note(`nothing to change: nobody holds ${what}`)
      return exitCodes.nothing
    }
    const whose = `${holder.component} (session ${holder.session}, token ${holder.token})`
    const did = outcome === 'forced' ? `took ${what} away from ${whose}` : `${whose} let go of ${what}`
    if (!output.json) await output.line(did)
    return exitCodes.done
  })
}
