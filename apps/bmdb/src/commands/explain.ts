import type { Explanation } from '@bmdb/core'
import type { Command } from 'commander'
import { processName, uuid } from '../arguments/kinds.ts'
import { withDatabase } from '../database/with-database.ts'
import { exitCodes } from '../exit-codes.ts'
import { NotFoundError } from '../failures.ts'
import { addArgument, addCommand, whenRun, type Run } from './define.ts'
import { noteUndeclared } from './undeclared.ts'

/** `bmdb explain` */
export function addExplainCommand(root: Command, run: Run): void {
  const command = addCommand(root, 'explain', {
    description: 'says why a process may or may not begin on a machine now, condition by condition',
    examples: [
      ['bmdb explain 6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d Reinstall', '✓ holds, ✗ does not, ? cannot be judged here'],
      [
        'bmdb explain 6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d Reinstall --check',
        'for scripts: exits with 5 if not eligible',
      ],
    ],
  })
  addArgument(command, '<MACHINE>', 'the id of the machine', uuid)
  addArgument(command, '<PROCESS>', 'the process', processName)
  command.option('--check', 'exits with 5 unless it is eligible')
  whenRun<{ check?: true }>(run, command, async (context, options, [machineId = '', process = '']) => {
    const { output } = context
    const explanation = await withDatabase(context, async ({ connection, wait }) => {
      const found = await connection.explain(machineId, process, wait)
      if (isUnknown(found)) throw new NotFoundError(`machine ${machineId}`)
      await noteUndeclared(output, connection, process, wait)
      return found
    })
    const { eligible, conditions } = explanation
    if (output.json) await output.value(explanation)
    else {
      await output.line(`eligible: ${eligible === null ? 'cannot be judged here' : eligible ? 'yes' : 'no'}`)
      for (const { condition, holds, fact } of conditions) await output.line(`${markOf(holds)} ${condition}: ${fact}`)
    }
    return options.check === true && eligible !== true ? exitCodes.nothing : exitCodes.done
  })
}

function isUnknown({ conditions }: Explanation): boolean {
  return conditions.some(({ condition, holds }) => condition === 'known' && holds === false)
}

function markOf(holds: boolean | null): string {
  return holds === null ? '?' : holds ? '✓' : '✗'
}
