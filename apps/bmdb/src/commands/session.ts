import type { SessionRow } from '@bmdb/core'
import type { Command } from 'commander'
import { cursorKeys } from '../arguments/cursor.ts'
import { text, uuid } from '../arguments/kinds.ts'
import { withDatabase } from '../database/with-database.ts'
import { NotFoundError } from '../failures.ts'
import { sessionColumns } from '../output/columns.ts'
import { act, addActingOptions, type ActingOptions } from './acting.ts'
import { addArgument, addCommand, addOption, whenRun, type Run } from './define.ts'
import { addListingOptions, list, type ListingOptions } from './listing.ts'

/** `bmdb session …` */
export function addSessionCommands(root: Command, run: Run): void {
  const group = addCommand(root, 'session', { description: 'sessions: the programs that are alive' })
  addLs(group, run)
  addEnd(group, run)
}

interface LsOptions extends ListingOptions {
  readonly alive?: true
  readonly expired?: true
  readonly component?: string
}

function addLs(group: Command, run: Run): void {
  const command = addCommand(group, 'ls', {
    description: 'lists sessions, oldest first',
    examples: [
      ['bmdb session ls --alive', 'programs that are alive'],
      ['bmdb session ls --component inventory', 'those of one component'],
    ],
  })
  command.option('--alive', 'only those that are alive')
  command.option('--expired', 'only those whose deadline passed')
  addOption(command, '--component <NAME>', 'only those of this component', text(128))
  addListingOptions(command, cursorKeys.sessions)
  whenRun<LsOptions>(run, command, (context, options) => {
    if (options.alive === true && options.expired === true)
      command.error('error: --alive and --expired exclude each other')
    const alive = options.alive === true ? true : options.expired === true ? false : undefined
    return withDatabase(context, ({ connection, wait }) =>
      list<SessionRow>(context, options, sessionColumns, (page) =>
        connection.fleet.sessions({ ...wait, ...page, alive, component: options.component }),
      ),
    )
  })
}

function addEnd(group: Command, run: Run): void {
  const command = addCommand(group, 'end', {
    description: 'ends a session at once, and takes away what it holds',
    examples: [
      [
        'bmdb session end 0b9f4c1e-3a52-4f0e-8d53-7a1f6f0f2a11 --reason "its host hangs"',
        'others may take over at once',
      ],
    ],
  })
  addArgument(command, '<SESSION>', 'its id', uuid)
  addActingOptions(command)
  whenRun<ActingOptions>(run, command, (context, options, [sessionId = '']) => {
    const telling = { action: 'end session', did: `ended session ${sessionId}`, nothing: '', about: { sessionId } }
    return act(context, command, options, telling, async (operator, because) => {
      if (await operator.endSession(sessionId, because)) return true
      throw new NotFoundError(`session ${sessionId}, or not any more`)
    })
  })
}
