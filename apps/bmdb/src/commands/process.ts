import type { Page, PageOptions, ProcessRow } from '@bmdb/core'
import type { Command } from 'commander'
import { cursorKeys, decodeCursor, encodeCursor } from '../arguments/cursor.ts'
import { processName } from '../arguments/kinds.ts'
import { withDatabase } from '../database/with-database.ts'
import { exitCodes } from '../exit-codes.ts'
import { NotFoundError } from '../failures.ts'
import { limitsOf, pausedOf, processColumns } from '../output/columns.ts'
import type { Cell } from '../output/shown.ts'
import { act, addActingOptions, type ActingOptions } from './acting.ts'
import { addArgument, addCommand, whenRun, type Run } from './define.ts'
import { addListingOptions, list, type ListingOptions } from './listing.ts'
import { noteUndeclared } from './undeclared.ts'

/** `bmdb process …` */
export function addProcessCommands(root: Command, run: Run): void {
  const group = addCommand(root, 'process', { description: 'processes: the kinds of work' })
  addLs(group, run)
  addShow(group, run)
  addPause(group, run)
  addResume(group, run)
}

function addLs(group: Command, run: Run): void {
  const command = addCommand(group, 'ls', {
    description: 'lists processes that were declared or paused, or are at work, by name',
    examples: [['bmdb process ls', 'how many machines each holds, and which are paused']],
  })
  addListingOptions(command, cursorKeys.processes)
  whenRun<ListingOptions>(run, command, (context, options) =>
    withDatabase(context, async ({ connection, wait }) => {
      const processes = inOrder(await connection.fleet.processes(wait))
      return list<ProcessRow>(context, options, processColumns, async (page) => pageOf(processes, page))
    }),
  )
}

// By code units: the order of the database depends on its collation, and a cursor must not.
function inOrder(processes: readonly ProcessRow[]): ProcessRow[] {
  return [...processes].sort((one, other) => (one.process < other.process ? -1 : 1))
}

function pageOf(processes: readonly ProcessRow[], { limit = 100, after }: PageOptions): Page<ProcessRow> {
  const from = after === undefined ? undefined : decodeCursor(after)?.[0]
  const left = from === undefined ? processes : processes.filter(({ process }) => process > from)
  const rows = left.slice(0, limit)
  const last = rows.at(-1)
  return { rows, next: left.length > rows.length && last !== undefined ? encodeCursor([last.process]) : null }
}

function addShow(group: Command, run: Run): void {
  const command = addCommand(group, 'show', {
    description: 'prints how the machines of a process stand',
    examples: [['bmdb process show Reinstall', 'how many are eligible, held, in backoff, parked']],
  })
  addArgument(command, '<PROCESS>', 'its name', processName)
  whenRun(run, command, async (context, _options, [name = '']) => {
    const { output } = context
    const { process, counts } = await withDatabase(context, async ({ connection, wait }) => {
      const found = (await connection.fleet.processes(wait)).find((one) => one.process === name)
      if (found === undefined) throw new NotFoundError(`process ${name}: nobody declared or paused it, or is at it`)
      return { process: found, counts: await connection.fleet.counts(name, wait) }
    })
    if (output.json) {
      await output.value({ process, counts })
      return exitCodes.done
    }
    const facts: [string, Cell][] = [
      ['process', process.process],
      ['declared by', process.declaredBy ?? 'nobody'],
      ['paused', pausedOf(process) || 'no'],
      ['conflicts with', process.conflictsWith.join(' ') || 'none'],
      ['at most', limitsOf(process) || 'no limit'],
      ['eligible', counts.eligible ?? 'cannot be judged here'],
      ['held', counts.held],
      ['in backoff', counts.backoff],
      ['parked', counts.parked],
      ['locked out', counts.lockedOut],
      ['waiting since', counts.waitingSince ?? 'no machine waits'],
    ]
    await output.rows(
      [
        { title: 'WHAT', of: ([what]) => what },
        { title: 'FACT', of: ([, fact]) => fact },
      ],
      facts,
    )
    return exitCodes.done
  })
}

function addPause(group: Command, run: Run): void {
  const command = addCommand(group, 'pause', {
    description: 'keeps a process from beginning anywhere; what is held goes on',
    examples: [['bmdb process pause Reinstall --reason "the image is broken"', 'until resume']],
  })
  addArgument(command, '<PROCESS>', 'its name', processName)
  addActingOptions(command)
  whenRun<ActingOptions>(run, command, (context, options, [process = '']) => {
    const nothing = `process ${process} is paused already`
    const telling = { action: 'pause', did: `paused process ${process}`, nothing, about: { process } }
    return act(context, command, options, telling, async (operator, because, connection) => {
      const done = await operator.pause(process, because)
      await noteUndeclared(context.output, connection, process, because)
      return done
    })
  })
}

function addResume(group: Command, run: Run): void {
  const command = addCommand(group, 'resume', {
    description: 'lets a paused process begin again',
    examples: [['bmdb process resume Reinstall --reason "the image is mended"', 'takes back a pause']],
  })
  addArgument(command, '<PROCESS>', 'its name', processName)
  addActingOptions(command)
  whenRun<ActingOptions>(run, command, (context, options, [process = '']) => {
    const nothing = `process ${process} is not paused`
    const telling = { action: 'resume', did: `resumed process ${process}`, nothing, about: { process } }
    return act(context, command, options, telling, (operator, because) => operator.resume(process, because))
  })
}
