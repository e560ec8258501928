import type { Connection, MachineRow, PrismaClient, WaitOptions } from '@bmdb/core'
import type { Command } from 'commander'
import { uuid } from '../arguments/kinds.ts'
import { withDatabase } from '../database/with-database.ts'
import { exitCodes } from '../exit-codes.ts'
import { NotFoundError } from '../failures.ts'
import { backoffState, causeOf, domainsOf, lockOutOf } from '../output/columns.ts'
import type { Cell } from '../output/shown.ts'
import { addArgument, addCommand, whenRun, type Run } from './define.ts'

/** The machine with this id, if there is one. */
export async function findMachine(
  connection: Connection<PrismaClient>,
  machineId: string,
  wait: WaitOptions,
): Promise<MachineRow | undefined> {
  const { rows } = await connection.fleet.machines({ ...wait, idPrefix: machineId, limit: 1 })
  return rows[0]
}

/** `bmdb machine show` */
export function addMachineShow(group: Command, run: Run): void {
  const command = addCommand(group, 'show', {
    description:
      'prints what there is to know of a machine: who holds it, what keeps processes off, what happened last',
    examples: [['bmdb machine show 6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d', 'a line for each fact']],
  })
  addArgument(command, '<MACHINE>', 'its id', uuid)
  whenRun(run, command, async (context, _options, [machineId = '']) => {
    const { output } = context
    const { machine, work, backoffs, history } = await withDatabase(context, async ({ connection, wait }) => {
      const found = await findMachine(connection, machineId, wait)
      if (found === undefined) throw new NotFoundError(`machine ${machineId}`)
      const page = { ...wait, machineId, limit: 1_000 }
      return {
        machine: found,
        work: (await connection.fleet.work(page)).rows,
        backoffs: (await connection.fleet.backoffs(page)).rows,
        history: await connection.history(machineId, { ...wait, limit: 10 }),
      }
    })
    if (output.json) {
      await output.value({ machine, work, backoffs, history })
      return exitCodes.done
    }
    const facts: [string, Cell][] = [
      ['machine', machine.id],
      ['registered', machine.createdAt],
      ['retired', machine.retiredAt ?? 'no'],
      ['lock-out', lockOutOf(machine) || 'no'],
      ['failure domains', domainsOf(machine) || 'none'],
      ...work.map((one): [string, Cell] => [
        'held',
        `${one.process} by ${one.component} (session ${one.sessionId}, token ${one.token}) since ` +
          `${one.startedAt.toISOString()}${one.alive ? '' : ', whose session expired'}`,
      ]),
      ...backoffs.map((one): [string, Cell] => ['kept off', `${one.process}: ${backoffState(one)}: ${causeOf(one)}`]),
      ...history.map((one): [string, Cell] => [
        'history',
        `${one.timestamp.toISOString()} ${one.process} ${one.event} by ${one.componentName} (token ${one.token})` +
          (one.failedCause === null ? '' : `: ${one.failedCause}`),
      ]),
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
