import type { HistoryRow, OperatorHistoryRow } from '@bmdb/core'
import type { Command } from 'commander'
import { cursor, cursorKeys } from '../arguments/cursor.ts'
import { uuid } from '../arguments/kinds.ts'
import { withDatabase } from '../database/with-database.ts'
import { UsageFailure } from '../failures.ts'
import { historyColumns, operatorHistoryColumns } from '../output/columns.ts'
import { addArgument, addCommand, quoted, whenRun, type Run } from './define.ts'
import { addListingOptions, list, type ListingOptions } from './listing.ts'

interface HistoryOptions extends ListingOptions {
  readonly operators?: true
}

/** Which of the two cursors it must be depends on which history is asked for. */
const either = {
  expected: 'the cursor that an earlier page of the same list ended with',
  parse: (typed: string) => uuid.parse(typed) ?? operators.parse(typed),
}
const operators = cursor(cursorKeys.operatorHistory)

/** `bmdb history` */
export function addHistoryCommand(root: Command, run: Run): void {
  const command = addCommand(root, 'history', {
    description: 'prints what happened, newest first: to work on a machine, or by operators',
    examples: [
      ['bmdb history 6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d', 'work on that machine'],
      ['bmdb history', 'what operators did'],
      ['bmdb history 6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d --operators', 'what operators did to that machine'],
    ],
  })
  addArgument(command, '[MACHINE]', 'its id, there or deleted; default: what operators did everywhere', uuid)
  command.option('--operators', 'what operators did, instead of what happened to work')
  addListingOptions(command, cursorKeys.operatorHistory, either)
  whenRun<HistoryOptions>(run, command, (context, options, [machineId]) => {
    const ofWork = machineId !== undefined && options.operators !== true
    const { after } = options
    if (after !== undefined && (ofWork ? uuid : operators).parse(after) === undefined)
      throw new UsageFailure(command, `--after is ${quoted(after)}, it must be ${either.expected}`)
    return withDatabase(context, ({ connection, wait }) => {
      if (!ofWork)
        return list<OperatorHistoryRow>(context, options, operatorHistoryColumns, (page) =>
          connection.fleet.operatorHistory({ ...wait, ...page, machineId }),
        )
      return list<HistoryRow>(context, options, historyColumns, async ({ limit = 100, after: before }) => {
        // One more than is shown tells whether there is more.
        const found = await connection.history(machineId, { ...wait, limit: limit + 1, before })
        const rows = found.slice(0, limit)
        return { rows, next: found.length > limit ? (rows.at(-1)?.id ?? null) : null }
      })
    })
  })
}
