import type { Page, PageOptions } from '@bmdb/core'
import type { Command } from 'commander'
import { cursor, type CursorKey } from '../arguments/cursor.ts'
import { wholeNumber, type Kind } from '../arguments/kinds.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Column } from '../output/output.ts'
import { addOption } from './define.ts'

/** Options of every list. */
export interface ListingOptions {
  readonly limit?: number
  readonly after?: string
  readonly all?: true
}

const mostRows = 1_000

/** Adds them. */
export function addListingOptions(command: Command, key: CursorKey, kind: Kind<string> = cursor(key)): void {
  addOption(command, '--limit <N>', 'how many rows at most; default: 100', wholeNumber(1, mostRows))
  addOption(command, '--after <CURSOR>', 'where an earlier page ended', kind)
  command.option('--all', 'all rows, page by page')
}

/** Prints a page of a list, or all of it; where there is more, its cursor goes to the standard error. */
export async function list<Row>(
  { output }: Context,
  options: ListingOptions,
  columns: readonly Column<Row>[],
  read: (page: PageOptions) => Promise<Page<Row>>,
): Promise<number> {
  const all = options.all === true
  const limit = options.limit ?? (all ? mostRows : 100)
  const pages: Row[][] = []
  let next: string | null = options.after ?? null
  do {
    const page: Page<Row> = await read({ limit, after: next ?? undefined })
    pages.push([...page.rows])
    next = page.next
  } while (all && next !== null)
  const rows = pages.flat()
  if (output.json) await output.value({ rows, next })
  else {
    await output.rows(columns, rows)
    if (next !== null) await output.note(`there is more: --after ${next}`)
  }
  return exitCodes.done
}
