import type { ActOptions, Connection, Operator, PrismaClient } from '@bmdb/core'
import type { Command } from 'commander'
import { reason, text } from '../arguments/kinds.ts'
import type { Context } from '../context.ts'
import { withDatabase } from '../database/with-database.ts'
import { exitCodes } from '../exit-codes.ts'
import { UsageFailure } from '../failures.ts'
import { addOption } from './define.ts'

/** Options of every command that acts. */
export interface ActingOptions {
  readonly reason: string
  readonly operator?: string
}

/** Adds them. */
export function addActingOptions(command: Command): void {
  addOption(command, '--reason <TEXT>', 'why: kept in the history beside who', reason, { required: true })
  addOption(command, '--operator <NAME>', 'who acts; default: the name of the user', text(128))
}

/** What an act is called, and how its result is told. */
export interface Telling {
  /** In JSON, such as `lock out`. */
  readonly action: string
  /** Such as `locked out machine …`. */
  readonly did: string
  /** Why there was nothing to change, such as `machine … is not locked out`. */
  readonly nothing: string
  /** What it was done to, in JSON. */
  readonly about: Readonly<Record<string, unknown>>
}

/** Who acts. @throws UsageFailure where nobody knows */
export function operatorName(context: Context, command: Command, options: ActingOptions): string {
  const name = options.operator ?? context.io.userName
  if (name === undefined || name === '')
    throw new UsageFailure(command, 'this user has no name: say who acts with --operator')
  return name
}

/** Does one act of an operator, and tells what came of it. */
export async function act(
  context: Context,
  command: Command,
  options: ActingOptions,
  telling: Telling,
  doing: (operator: Operator, options: ActOptions, connection: Connection<PrismaClient>) => Promise<boolean>,
): Promise<number> {
  const name = operatorName(context, command, options)
  const done = await withDatabase(context, ({ connection, wait }) =>
    doing(connection.operator(name), { ...wait, reason: options.reason }, connection),
  )
  return tellAct(context, telling, done)
}

/** Tells what came of an act. */
export async function tellAct({ output }: Context, telling: Telling, done: boolean): Promise<number> {
  if (output.json) await output.value({ done, action: telling.action, ...telling.about })
  else if (done) await output.line(telling.did)
  if (done) return exitCodes.done
  await output.note(`nothing to change: ${telling.nothing}`)
  return exitCodes.nothing
}
